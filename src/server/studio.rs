//! The use cases of one process, wired: each knows only those that it is given here. Server functions and the HTTP API take the one
//! they need from the state.

use super::{
    accounts::{Accounts, agents::Agents, api_keys::ApiKeys, audit::AuditLog},
    destinations::Destinations,
    feed::{Feed, OpenFeeds, history::FeedHistory, writer::FeedWriter},
    games::Games,
    limits::Limits,
    operations::{
        account_data::{AccountData, AccountParts},
        analytics::Analytics,
        commands::OperatorCommands,
        monitoring::Monitoring,
        outbox::Outbox,
        retention::Retention,
        session_admin::SessionAdmin,
        viewer_counts::ViewerCounts,
    },
    overlay::Overlay,
    ports::Ports,
    reconcile::Reconciler,
    registry::SessionRegistry,
    sessions::Sessions,
};
use crate::{config::serve::ServeConfig, net::clock::Clock};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Every use case of one process. Cheap to clone.
#[derive(Clone)]
pub struct Studio {
    pub sessions: Sessions,
    pub destinations: Destinations,
    pub reconciler: Reconciler,
    pub accounts: Accounts,
    pub agents: Agents,
    pub api_keys: ApiKeys,
    pub audit: AuditLog,
    pub overlay: Overlay,
    pub games: Games,
    pub outbox: Outbox,
    pub analytics: Analytics,
    pub viewer_counts: ViewerCounts,
    pub session_admin: SessionAdmin,
    pub account_data: AccountData,
    pub retention: Retention,
    pub commands: OperatorCommands,
    pub monitoring: Monitoring,
    /// What has just happened, for event streams.
    pub feed: Feed,
    /// What happened before.
    pub feed_history: FeedHistory,
    /// How much anybody may ask for.
    pub limits: Arc<Limits>,
    pub config: Arc<ServeConfig>,
    pub clock: Clock,
    /// Cancelled when the process is asked to end: endless answers end then.
    pub closing: CancellationToken,
}

impl Studio {
    /// The use cases over their ports; no background task runs yet.
    pub fn new(ports: Ports) -> Self {
        let ports = Arc::new(ports);
        let of = || Arc::clone(&ports);
        let feed = Feed::new(OpenFeeds::new(ports.config.feeds.most_open, ports.config.rate_factor));
        let (limits, feed_history) = (Arc::new(Limits::new(ports.config.rate_factor)), FeedHistory::new(of()));
        let (audit, feed_writer) = (AuditLog::new(of()), FeedWriter::new(of(), feed.clone(), feed_history.clone()));
        let registry = SessionRegistry::new(of(), feed.clone());
        let reconciler = Reconciler::new(of(), registry.clone(), feed_writer.clone());
        let accounts = Accounts::new(of(), Arc::clone(&limits), audit.clone());
        let api_keys = ApiKeys::new(of(), audit.clone());
        let destinations = Destinations::new(of());
        let sessions = Sessions::new(of(), registry.clone(), reconciler.clone(), destinations.clone(), audit.clone());
        let overlay = Overlay::new(of(), registry.clone(), feed_writer, feed_history.clone(), reconciler.clone(), audit.clone());
        let account_data = AccountData::new(
            of(),
            AccountParts {
                registry: registry.clone(),
                reconciler: reconciler.clone(),
                sessions: sessions.clone(),
                accounts: accounts.clone(),
                keys: api_keys.clone(),
                audit: audit.clone(),
            },
        );
        Self {
            agents: Agents::new(of(), api_keys.clone(), audit.clone()),
            games: Games::new(of(), registry.clone(), sessions.clone(), overlay.clone()),
            outbox: Outbox::new(of()),
            analytics: Analytics::new(of()),
            viewer_counts: ViewerCounts::new(of(), registry.clone(), audit.clone()),
            session_admin: SessionAdmin::new(of(), registry.clone(), sessions.clone(), audit.clone()),
            retention: Retention::new(of(), sessions.clone(), account_data.clone()),
            commands: OperatorCommands::new(
                of(),
                registry,
                reconciler.clone(),
                accounts.clone(),
                api_keys.clone(),
                audit.clone(),
                account_data.clone(),
            ),
            account_data,
            monitoring: Monitoring::new(of(), feed.clone()),
            config: Arc::clone(&ports.config),
            clock: ports.clock.clone(),
            closing: CancellationToken::new(),
            sessions,
            destinations,
            reconciler,
            accounts,
            api_keys,
            audit,
            overlay,
            feed,
            feed_history,
            limits,
        }
    }

    /// Runs the background tasks until the process ends.
    pub async fn run_background_tasks(self) {
        tokio::spawn(self.outbox.run());
        tokio::spawn(self.retention.run());
        self.viewer_counts.run();
        self.reconciler.run().await;
    }
}
