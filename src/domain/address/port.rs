//! Ports on which no streaming server listens, but other services that a connection could do harm to.

/// Above the privileged ones: databases, caches, queues, remote access and the control of machines.
const SERVICES: [u16; 40] = [
    1099, 1433, 1521, 2049, 2181, 2375, 2376, 2379, 2380, 2483, 2484, 3306, 3389, 4369, 4444, 5000, 5432, 5555, 5601, 5672, 5900, 5984,
    5985, 5986, 6000, 6379, 6443, 7000, 7001, 8086, 8500, 9042, 9092, 9200, 9300, 10250, 11211, 25672, 27017, 27018,
];

/// Whether the port is that of another service. Below 1024 only 80 and 443 are not: platforms take RTMP there, because firewalls let
/// it through.
pub fn is_service_port(port: u16) -> bool {
    (port < 1024 && port != 80 && port != 443) || SERVICES.contains(&port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streaming_ports_are_free_and_ports_of_services_are_not() {
        for port in [80, 443, 1024, 1935, 1936, 2935, 8080, 8443, 19350, 65_535] {
            assert!(!is_service_port(port), "{port}");
        }
        for port in [1, 22, 25, 53, 111, 139, 389, 445, 587, 636, 873, 993, 1023, 2375, 3306, 5432, 6379, 9200, 11211, 27017] {
            assert!(is_service_port(port), "{port}");
        }
        assert!(SERVICES.is_sorted());
    }
}
