//! The contract of the store, met alike in memory and on disk: what is put in comes out, what must be refused is refused,
//! races have one winner, and nothing acknowledged is lost with the process.

#[path = "store/accounts.rs"]
mod accounts;
#[path = "store/feed.rs"]
mod feed;
#[path = "store/harness.rs"]
mod harness;
#[path = "store/killed.rs"]
mod killed;
#[path = "store/races.rs"]
mod races;
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
    accounts::an_account_is_found_by_id_and_by_its_one_name,
    accounts::a_password_is_set_replaced_and_forgotten,
    accounts::a_browsers_sign_in_stays_and_a_link_opens_once,
    accounts::sign_ins_end_one_by_one_or_all_but_one,
    accounts::deleting_an_agent_deletes_what_belongs_to_it,
    accounts::a_key_is_found_by_its_hash_used_and_revoked_once,
    accounts::defaults_are_the_systems_until_set,
    accounts::the_audit_log_is_read_backwards_in_pages,
    sessions::a_session_comes_back_with_keys_and_timeline,
    sessions::an_owner_has_one_active_session_and_a_start_key_counts_once,
    sessions::a_change_over_an_older_revision_is_refused,
    sessions::sessions_are_listed_newest_first_by_account_state_and_page,
    sessions::draining_lasts_until_it_is_switched_off,
    sessions::every_egress_a_session_had_leads_to_it,
    sessions::a_destination_is_its_owners_and_is_really_deleted,
    sessions::only_what_another_master_key_sealed_is_sealed_again,
    sessions::a_services_credential_is_replaced_sealed_again_and_forgotten,
    sessions::overlay_tokens_are_revoked_by_generation_or_all,
    feed::lines_are_numbered_without_gaps_and_each_id_counts_once,
    feed::a_batch_is_appended_in_order_and_counted,
    feed::held_lines_come_out_when_due_and_once,
    feed::a_webhook_is_stored_verbatim_and_once,
    races::of_racing_starts_one_wins_and_the_others_learn_its_id,
    races::of_racing_names_one_is_taken,
    races::of_racing_takers_of_a_link_one_gets_it,
    races::of_racing_changes_each_revision_has_one_author,
    races::racing_lines_get_different_numbers,
}
