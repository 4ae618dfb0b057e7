//! The table: one line for each variable, in braces so that the formatter leaves a line a line.

use super::{Group, Variable};

/// `"NAME", "default", "form", "roles", "what it is";`, with `secret` in front of what must not be shown.
macro_rules! variables {
    ($($title:literal { $($($kind:ident)? $name:literal, $default:literal, $form:literal, $roles:literal, $about:literal;)* })*) => {
        &[$(Group {
            title: $title,
            variables: &[$(Variable {
                name: $name,
                default: $default,
                form: $form,
                roles: $roles,
                about: $about,
                secret: matches!(stringify!($($kind)?).as_bytes(), b"secret"),
            }),*],
        }),*]
    };
}

pub const GROUPS: &[Group] = variables! {
    "Addresses" {
        "PUBLIC_APP_URL", "http://127.0.0.1:3000", "`https://` with host and port; `http://` on loopback only", "serve egress up", "Where people open the studio.";
        "FOOTLIGHT_LISTEN", "127.0.0.1:3000", "an address and port", "serve up", "Where the web server listens.";
        "FOOTLIGHT_HTTP_LISTEN", "(port 80 where the studio ends TLS at 443)", "an address and port, or `off`", "serve up", "Where plain HTTP is redirected to `PUBLIC_APP_URL`.";
        "FOOTLIGHT_OVERLAY_URL", "(the studio without TLS for an egress on this machine, else `PUBLIC_APP_URL`)", "`http://…` or `https://…`", "serve egress up", "Where an egress opens the overlay page.";
        "FOOTLIGHT_TLS", "", "`off` or `local`", "serve up", "`off`: a proxy ends TLS. `local`: a certificate of the studio's own authority.";
        "FOOTLIGHT_TLS_CERT", "", "a PEM file, the server's certificate first", "serve up", "Certificate of the web server; read again when it changes.";
        "FOOTLIGHT_TLS_KEY", "", "a PEM file", "serve up", "The private key that belongs to it.";
        "FOOTLIGHT_ACME", "", "an e-mail address", "serve up", "Gets the certificate from an ACME server, whose terms are agreed to with it.";
        "FOOTLIGHT_ACME_DIRECTORY", "(Let's Encrypt's)", "an address", "serve up", "The directory of the ACME server.";
        "FOOTLIGHT_ACME_ROOT", "", "a PEM file", "serve up", "The authority behind that directory's own certificate, if it is no public one.";
        "FOOTLIGHT_PORT_BASE", "0", "0 for the usual ports, or 1024 to 65528", "up", "The first of eight ports in a row: web server, relay, ingest, egress, LiveKit, its TCP and its UDP port, TURN.";
        "FOOTLIGHT_TRUSTED_PROXIES", "", "IP addresses, separated by commas", "serve", "Proxies whose `X-Forwarded-For` counts; without it all clients behind a proxy count as one.";
        "FOOTLIGHT_CORS_ORIGINS", "", "origins, separated by commas", "serve", "Other sites whose pages may call the API by key.";
        "FOOTLIGHT_SITE", "target/site", "a folder", "up", "The browser files of the build.";
    }
    "Data and secrets" {
        "FOOTLIGHT_DATA", "(`footlight` in the user's data folder)", "a folder", "serve relay egress up admin doctor", "Store, recordings, generated secrets and logs.";
        "FOOTLIGHT_STORE", "(`surrealkv://`, the folder `store` in the data folder)", "`surrealkv://FOLDER`, `ws://…`, `wss://…` or `mem://`", "serve", "The database: a folder of this process, or a SurrealDB server.";
        "FOOTLIGHT_STORE_USER", "", "a name", "serve", "The account at a SurrealDB server; belongs to the password.";
        secret "FOOTLIGHT_STORE_PASSWORD", "", "a password", "serve", "The password of that account.";
        secret "STREAM_KEY_ENCRYPTION_KEY", "", "64 hexadecimal digits", "serve up", "Seals stream keys in the store. `up` makes one where none is set; `serve` needs it.";
        secret "FOOTLIGHT_OLD_ENCRYPTION_KEYS", "", "keys of 64 hexadecimal digits, separated by commas", "serve", "Earlier keys, which only open, until `footlight admin rotate-keys` has sealed everything again.";
        secret "STREAMING_JWT_SECRET", "", "32 characters or more", "serve up", "Signs overlay tokens. `up` makes one where none is set; `serve` needs it.";
        "FOOTLIGHT_REPLICA", "(host name and address)", "a name", "serve", "Names this process among several on one store; the same after a restart.";
    }
    "LiveKit" {
        "LIVEKIT_URL", "ws://127.0.0.1:7880", "`ws://…` or `wss://…`", "serve egress up doctor", "The LiveKit server as this machine reaches it. `up` starts one of its own unless this is set.";
        "FOOTLIGHT_LIVEKIT_PUBLIC_URL", "(`/livekit` below `PUBLIC_APP_URL`)", "`ws://…` or `wss://…`", "serve egress doctor", "The LiveKit server as browsers reach it.";
        secret "LIVEKIT_API_KEY", "", "a name", "serve egress up doctor", "The API key of the LiveKit server. `up` makes one for its own server.";
        secret "LIVEKIT_API_SECRET", "", "32 characters or more", "serve egress up doctor", "The secret that belongs to the key.";
        "FOOTLIGHT_LIVEKIT_SERVER", "(what `make setup` installed)", "a path", "up", "The LiveKit server program that `up` starts.";
        "FOOTLIGHT_LIVEKIT_PORT", "7880", "a port", "up", "Signalling and API of the LiveKit server that `up` starts.";
        "FOOTLIGHT_LIVEKIT_TCP_PORT", "7881", "a port", "serve up", "Its media over TCP.";
        "FOOTLIGHT_LIVEKIT_UDP_PORT", "7882", "a port", "serve up", "Its media over UDP.";
        "FOOTLIGHT_NODE_IP", "(the address of `PUBLIC_APP_URL`)", "an IP address", "up", "Where browsers send media to the LiveKit server that `up` starts.";
        "FOOTLIGHT_USE_EXTERNAL_IP", "0", "1 or 0", "up", "Whether that LiveKit server asks STUN servers on the internet for its address; then without TURN.";
        "FOOTLIGHT_TURN_PORT", "5349", "a port, or `off`", "up", "Where that LiveKit server takes TURN connections whose TLS the studio ends at its own port.";
        "FOOTLIGHT_TURN_SERVER", "", "an IP address and a port", "serve", "Where TURN connections at the studio's port go; `up` sets it.";
    }
    "Relay" {
        "FOOTLIGHT_RELAY_LISTEN", "127.0.0.1:3101", "an address and port", "relay up", "Control API of the relay; beyond loopback it needs a certificate.";
        "FOOTLIGHT_RELAY_INGEST", "127.0.0.1:3102", "an address and port", "relay up", "RTMP ingest of the relay; beyond loopback it needs a certificate.";
        "FOOTLIGHT_RELAY_TLS_CERT", "", "a PEM file, the server's certificate first", "relay", "Certificate for control and ingest.";
        "FOOTLIGHT_RELAY_TLS_KEY", "", "a PEM file", "relay", "The private key that belongs to it.";
        "FOOTLIGHT_RELAY_URL", "http://127.0.0.1:3101", "`https://host:port`; `http://` on loopback only", "serve", "The relay's control API as the studio reaches it.";
        "FOOTLIGHT_RELAY_INGEST_URL", "rtmp://127.0.0.1:3102/show", "`rtmps://host:port/show`; `rtmp://` on loopback only", "serve", "The relay's ingest as the egress reaches it.";
        "FOOTLIGHT_RELAY_TRUST", "", "a PEM file", "serve", "The authority behind the relay's certificate, if it is not a public one.";
        secret "FOOTLIGHT_RELAY_SECRET", "", "16 characters or more", "serve relay up", "Shared by studio and relay. `up` makes one where none is set.";
        "FOOTLIGHT_RELAY_CA", "", "a PEM file", "relay", "A further authority for RTMPS destinations.";
        "FOOTLIGHT_ALLOW_PRIVATE_DESTINATIONS", "", "`host:port`, separated by commas", "serve relay", "RTMP servers that sessions may go to although they are in a private network, on this machine, or on a port of another service.";
        "FOOTLIGHT_HOLD", "90", "seconds", "relay", "How long destinations stay connected without a composite.";
        "FOOTLIGHT_OUTAGE_LIMIT", "900", "seconds", "relay", "How long a lost destination is retried.";
        "FOOTLIGHT_RETRY_MOST", "15", "seconds", "relay", "The longest delay before a retry.";
        "FOOTLIGHT_RELAY_SHOWS", "200", "a number", "relay", "Streams at once.";
        "FOOTLIGHT_RELAY_DESTINATIONS", "10", "a number", "relay", "Destinations of one stream.";
        "FOOTLIGHT_RELAY_QUEUE_BYTES", "8388608", "bytes", "relay", "What may wait for one destination before groups of pictures are dropped.";
        "FOOTLIGHT_RECORDINGS_GB", "20", "gigabytes", "relay", "All recordings together; the oldest go first.";
        "FOOTLIGHT_RECORDINGS_DAYS", "14", "days", "relay", "How long a recording is kept.";
    }
    "Egress" {
        "FOOTLIGHT_EGRESS_URL", "", "`https://host:port`; `http://` on loopback only", "serve up", "A local egress; without it `serve` calls the Egress API of the LiveKit server.";
        "FOOTLIGHT_EGRESS_LISTEN", "127.0.0.1:3103", "an address and port", "egress up", "Where the egress listens; beyond loopback it needs a certificate.";
        "FOOTLIGHT_EGRESS_TLS_CERT", "", "a PEM file, the server's certificate first", "egress", "Certificate of the egress.";
        "FOOTLIGHT_EGRESS_TLS_KEY", "", "a PEM file", "egress", "The private key that belongs to it.";
        "FOOTLIGHT_EGRESS_WEBHOOK_URLS", "(`/api/webhooks/livekit` below `PUBLIC_APP_URL`)", "addresses, separated by commas", "egress up", "Where the egress reports what happens.";
        "FOOTLIGHT_EGRESS_SLOTS", "(half the cores, at least 1)", "1 to 64", "egress", "Captures at once.";
        "FOOTLIGHT_EGRESS_WARM", "0", "1 or 0", "egress", "Whether a display and a browser are kept ready (about 150 MB).";
        "FOOTLIGHT_EGRESS_OUTAGE_SECONDS", "30", "1 to 3600 seconds", "egress", "How long a lost output is retried.";
        "FOOTLIGHT_EGRESS_DRAIN_SECONDS", "", "seconds", "egress", "How long running captures may go on after SIGTERM; without it until they end.";
        "FOOTLIGHT_EGRESS_USER", "nobody", "an account", "egress", "Whom an egress that is started as root becomes.";
        "FOOTLIGHT_EGRESS_NO_SANDBOX", "0", "1 or 0", "egress", "Captures without Chromium's sandbox, where it does not work; otherwise none starts there.";
        "FOOTLIGHT_EGRESS_SCRATCH", "(a folder of its own in the temporary folder)", "a folder", "egress", "Private folders of running captures.";
        "FOOTLIGHT_CHROMIUM", "(found on `PATH`)", "a path", "egress", "Chromium.";
        "FOOTLIGHT_XVFB", "(found on `PATH`)", "a path", "egress", "The X server without a screen.";
        "FOOTLIGHT_PULSEAUDIO", "(found on `PATH`)", "a path", "egress", "The sound server.";
        "FOOTLIGHT_FFMPEG", "(found on `PATH`)", "a path", "egress", "FFmpeg.";
    }
    "Sessions" {
        "FOOTLIGHT_VIDEO", "(`1080p30`; `720p30` below four cores)", "720p30, 1080p30, 1080p60, portrait, or `WIDTHxHEIGHT@RATE/KBITS`", "serve", "The default picture.";
        "FOOTLIGHT_SLATE", "1", "1 or 0", "serve", "Whether viewers see \"be right back\" while no composite arrives; 0 leaves the last picture.";
        "FOOTLIGHT_START_DEADLINE", "60", "seconds", "serve", "How long a start may take until the session is live.";
        "FOOTLIGHT_SIGNAL_DEADLINE", "30", "seconds", "serve", "How long the composite may take to reach the relay after a capture was accepted.";
        "FOOTLIGHT_HOST_DEADLINE", "60", "seconds", "serve", "How long a host may take to join for the first time.";
        "FOOTLIGHT_GRACE", "75", "seconds", "serve", "How long a host may be away.";
        "FOOTLIGHT_MAX_DURATION", "43200", "seconds", "serve", "The longest session.";
        "FOOTLIGHT_FROZEN_AFTER", "10", "seconds", "serve", "How long the composite's frames may stay unchanged before it is replaced.";
    }
    "Accounts and limits" {
        "FOOTLIGHT_SIGN_UP", "1", "1 or 0", "serve", "Whether anybody may create an account.";
        "FOOTLIGHT_SHOWS_PER_ACCOUNT", "10", "a number", "serve", "Sessions at once of an account with its agents.";
        "FOOTLIGHT_MOST_SHOWS", "500", "a number", "serve", "Sessions at once in all.";
        "FOOTLIGHT_RATE_FACTOR", "1", "1 to 100000", "serve", "Every rate limit is multiplied by this.";
        "FOOTLIGHT_LINES_PER_SHOW", "200000", "a number from 1", "serve", "Overlay events of one session in all.";
        "FOOTLIGHT_LINES_PER_MINUTE", "6000", "a number from 100", "serve", "Overlay events of one session in a minute, times the rate factor.";
        "FOOTLIGHT_MOST_FEEDS", "(2000)", "a number from 1", "serve", "Open event streams in all; without it fewer where the process may open few files.";
        "FOOTLIGHT_FEED_CHECK", "10", "1 to 14 seconds", "serve", "How often the credential of an open event stream is checked again.";
    }
    "Webhooks, viewers, prices" {
        "FOOTLIGHT_WEBHOOKS", "", "addresses, separated by commas", "serve", "Servers that are told when a session is live, ends or fails, and when a destination fails.";
        secret "FOOTLIGHT_WEBHOOK_SECRET", "", "16 characters or more", "serve", "Signs these calls; needed with them.";
        "FOOTLIGHT_TWITCH_API", "https://api.twitch.tv/helix", "an address", "serve", "Where viewers on Twitch are counted.";
        "FOOTLIGHT_TWITCH_SIGN_IN", "https://id.twitch.tv/oauth2", "an address", "serve", "Where Twitch gives tokens for that.";
        "FOOTLIGHT_YOUTUBE_API", "https://www.googleapis.com/youtube/v3", "an address", "serve", "Where viewers on YouTube are counted.";
        "FOOTLIGHT_PRICE_EGRESS_MINUTE", "0", "an amount such as 0.02", "serve", "What a minute of a capture costs; sessions then show an estimate.";
        "FOOTLIGHT_PRICE_GIGABYTE", "0", "an amount such as 0.09", "serve", "What a gigabyte to a platform costs.";
        "FOOTLIGHT_PRICE_CURRENCY", "EUR", "a currency", "serve", "The currency of both.";
    }
    "Lifetimes" {
        "FOOTLIGHT_KEEP_SESSIONS", "forever", "days, or `forever`", "serve", "How long sessions and their timelines are kept after their end.";
        "FOOTLIGHT_KEEP_FEEDS", "30", "days, or `forever`", "serve", "How long the overlay events of a session are kept after its end.";
        "FOOTLIGHT_KEEP_WEBHOOKS", "7", "days, or `forever`", "serve", "How long LiveKit's webhooks are kept.";
        "FOOTLIGHT_KEEP_DELIVERIES", "30", "2 or more days, or `forever`", "serve", "How long webhook deliveries to other servers are kept.";
        "FOOTLIGHT_KEEP_AUDIT", "365", "days, or `forever`", "serve", "How long lines of the audit log are kept.";
    }
    "Monitoring" {
        "RUST_LOG", "info", "a level, or levels by module", "serve relay egress up", "How much is logged.";
        "FOOTLIGHT_LOG_FORMAT", "text", "`text` or `json`", "serve relay egress up", "Lines to read, or one JSON object a line.";
        "OTEL_EXPORTER_OTLP_ENDPOINT", "", "the base address of a collector", "serve relay egress up", "Where traces are sent by OTLP over HTTP; `OTEL_EXPORTER_OTLP_HEADERS` is honoured.";
        "OTEL_SERVICE_NAME", "(`footlight-` and the role)", "a name", "serve relay egress up", "The service's name in traces.";
        secret "FOOTLIGHT_METRICS_TOKEN", "", "16 characters or more", "serve", "Opens `/metrics` and the details of `/readyz` to other machines, as a bearer token.";
        "FOOTLIGHT_METRICS_NETWORKS", "", "networks such as 10.0.0.0/8, separated by commas", "serve", "From where `/metrics` and the details of `/readyz` may be read without a token; loopback always may.";
    }
    "Set by the system or by `footlight up`" {
        "NOTIFY_SOCKET", "", "a path", "serve relay egress", "Where systemd hears that a role is ready.";
        "WATCHDOG_USEC", "", "microseconds", "serve relay egress", "How long systemd waits for a sign of life.";
        "HOME", "", "a folder", "serve relay egress up", "The user's folder, below which data and cache are if nothing else is said.";
        "PATH", "/usr/local/bin:/usr/bin:/bin", "folders, separated by colons", "egress up", "Where programs are found.";
        "XDG_DATA_HOME", "(`.local/share` in `HOME`)", "a folder", "serve relay egress up", "The user's data folder.";
        "XDG_CACHE_HOME", "(`.cache` in `HOME`)", "a folder", "up", "The user's cache folder, where the set-up puts the LiveKit server.";
        "HTTP_PROXY", "", "an address", "serve", "A proxy for calls beyond our own parts, which are excepted; lower case too.";
        "http_proxy", "", "an address", "serve", "The same.";
        "HTTPS_PROXY", "", "an address", "serve", "The same for encrypted calls; lower case too.";
        "https_proxy", "", "an address", "serve", "The same.";
        "ALL_PROXY", "", "an address", "serve", "The same for both; lower case too.";
        "all_proxy", "", "an address", "serve", "The same.";
        "NO_PROXY", "", "hosts, separated by commas", "serve", "Exceptions; our own parts are added; lower case too.";
        "no_proxy", "", "hosts, separated by commas", "serve", "The same.";
        "LEPTOS_SITE_ROOT", "target/site", "a folder", "serve up", "The browser files, for a `serve` that `up` does not start.";
        "LEPTOS_OUTPUT_NAME", "", "`footlight`", "serve", "The name of the build; always `footlight`.";
        "LEPTOS_SITE_PKG_DIR", "pkg", "a folder in the site", "serve", "Where programs and styles are in it.";
        "LEPTOS_SITE_ADDR", "127.0.0.1:3000", "an address and port", "serve", "The same as `FOOTLIGHT_LISTEN`.";
        "LEPTOS_ENV", "DEV", "`PROD` or `DEV`", "serve", "`PROD` outside of development.";
        "FOOTLIGHT_DIE_WITH_STDIN", "0", "1 or 0", "serve relay egress", "The role ends when its standard input closes.";
    }
};
