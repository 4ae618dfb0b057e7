//! The server over fakes of everything around it: LiveKit, relay, clock; the store is the real one, in memory. One room a
//! subject.

#[path = "server/app.rs"]
mod app;
#[path = "server/appends.rs"]
mod appends;
#[path = "server/audience.rs"]
mod audience;
#[path = "server/books.rs"]
mod books;
#[path = "server/crashes.rs"]
mod crashes;
#[path = "server/deliveries.rs"]
mod deliveries;
#[path = "server/leases.rs"]
mod leases;
#[path = "server/mortal.rs"]
mod mortal;
#[path = "server/platforms.rs"]
mod platforms;
#[path = "server/rotation.rs"]
mod rotation;
#[path = "server/state.rs"]
mod state;
#[path = "server/stories.rs"]
mod stories;
#[path = "server/watch.rs"]
mod watch;
