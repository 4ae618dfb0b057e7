//! The contract of the store, in memory and on disk: reads return writes, invalid writes are refused, races have one winner,
//! and nothing acknowledged is lost with the process.

#[path = "store/accounts.rs"]
mod accounts;
#[path = "store/backup.rs"]
mod backup;
#[path = "store/erasure.rs"]
mod erasure;
#[path = "store/feed.rs"]
mod feed;
#[path = "store/harness.rs"]
mod harness;
#[path = "store/killed.rs"]
mod killed;
#[path = "store/limits.rs"]
mod limits;
#[path = "store/outbox.rs"]
mod outbox;
#[path = "store/races.rs"]
mod races;
#[path = "store/retention.rs"]
mod retention;
#[path = "store/schemas.rs"]
mod schemas;
#[path = "store/sessions.rs"]
mod sessions;
#[path = "store/upgrade.rs"]
mod upgrade;

/// Each sentence, on both engines.
macro_rules! contract {
    ($($room:ident :: $sentence:ident,)+) => {
        mod in_memory { $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $sentence() {
                super::$room::$sentence(super::harness::in_memory().await).await;
            }
        )+ }
        mod on_disk { $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $sentence() {
                let folder = tempfile::tempdir().expect("a folder");
                super::$room::$sentence(super::harness::on_disk(folder.path()).await).await;
            }
        )+ }
    };
}

contract! {
    accounts::accounts_are_found_by_id_and_by_name,
    accounts::a_password_is_set_replaced_and_forgotten,
    accounts::sign_ins_last_and_links_work_once,
    accounts::sign_ins_end_one_by_one_or_all_but_one,
    accounts::deleting_an_agent_deletes_what_belongs_to_it,
    accounts::keys_are_found_by_hash_and_revoked_once,
    accounts::defaults_are_the_systems_until_set,
    accounts::the_audit_log_is_read_backwards_in_pages,
    sessions::a_session_comes_back_with_keys_and_timeline,
    sessions::one_active_session_and_one_use_of_a_key,
    sessions::a_change_over_an_older_revision_is_refused,
    sessions::sessions_are_listed_by_account_state_and_page,
    sessions::draining_lasts_until_it_is_switched_off,
    sessions::sessions_are_found_by_any_of_their_egresses,
    sessions::destinations_belong_to_owners_and_are_deleted,
    sessions::only_keys_of_old_master_keys_are_resealed,
    sessions::credentials_are_replaced_resealed_and_deleted,
    sessions::overlay_tokens_are_revoked_by_generation_or_all,
    feed::lines_are_numbered_without_gaps_once_per_id,
    feed::a_batch_is_appended_in_order_and_counted,
    feed::held_lines_come_out_when_due_and_once,
    feed::a_snapshot_is_replaced_only_by_a_newer_one,
    feed::a_webhook_is_stored_verbatim_and_once,
    outbox::each_servers_due_lines_are_found_alone,
    outbox::lines_behind_a_refused_one_wait_with_it,
    retention::webhooks_deliveries_and_audit_lines_go_by_age_in_steps,
    retention::a_feed_is_pruned_in_steps_after_its_session,
    retention::the_place_up_to_which_feeds_were_pruned_is_remembered,
    erasure::a_deleted_session_leaves_nothing,
    erasure::an_account_is_closed_then_deleted_with_what_is_its,
    erasure::one_of_racing_administrators_stays,
    erasure::audit_lines_are_read_by_account_and_lose_its_name,
    erasure::stream_keys_go_with_what_they_were_for,
    backup::a_copy_is_the_same_store,
    backup::a_copy_is_made_into_an_empty_store_only,
    races::one_of_racing_starts_wins,
    races::one_of_racing_names_wins,
    races::one_of_racing_link_uses_wins,
    races::racing_changes_get_distinct_revisions,
    races::racing_lines_get_distinct_numbers,
    limits::racing_inserts_stay_within_their_limits,
    limits::made_and_revoked_keys_do_not_pile_up,
    limits::a_claimed_start_keeps_its_place,
    limits::a_repeated_start_claims_nothing,
    limits::destinations_and_keys_change_together_or_not_at_all,
    limits::racing_destination_changes_lose_no_key,
    limits::an_agent_with_a_session_is_not_deleted,
}
