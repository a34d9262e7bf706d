//! One suite, two engines: whatever a ledger promises, it promises on SQLite and on the simulated disk.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod bench;
mod claims;
mod commits;
mod damage;

/// Runs every claim on both engines.
macro_rules! claims {
    ($($module:ident: $($claim:ident)*;)*) => {
        mod sqlite {
            $($(#[test] fn $claim() { crate::$module::$claim(&crate::bench::File::new()); })*)*
        }
        mod memory {
            $($(#[test] fn $claim() { crate::$module::$claim(&crate::bench::Simulated::new()); })*)*
        }
    };
}

claims! {
    claims:
        a_new_ledger_is_empty_and_good
        what_was_committed_reads_back_the_same_after_reopening
        the_instance_stays_and_the_boot_count_grows
        a_second_ledger_on_the_same_place_is_refused
        somebody_elses_ledger_is_refused
        a_leaf_is_found_by_id_by_place_and_by_hash
        a_statement_without_a_place_in_a_chain_clashes_only_by_its_id
        a_chain_is_read_in_its_own_order
        entries_stop_at_the_byte_bound_but_give_at_least_one
        cursors_are_dense_per_recipient_and_lane
        records_are_listed_in_key_order_and_can_be_replaced_and_deleted
        conflicts_are_kept_once_and_within_bounds
        proofs_of_every_leaf_and_every_prefix_verify
        the_checkpoint_of_each_commit_is_signed_by_the_log_key
        nothing_outside_the_tree_is_proven;
    commits:
        a_batch_is_all_or_nothing
        what_is_held_is_passed_over_where_the_batch_says_so_and_the_rest_keeps_its_turn
        the_same_bytes_again_are_known_and_other_bytes_are_an_equivocation
        two_copies_in_one_round_make_one_leaf
        a_failing_batch_does_not_harm_its_neighbours
        what_does_not_fit_is_refused_before_the_disk
        many_commits_at_once_share_few_transactions
        records_without_leaves_keep_the_head
        a_batch_whose_answer_is_dropped_is_committed_all_the_same
        an_inline_ledger_answers_at_once
        watchers_see_each_durable_head;
    damage:
        a_flipped_byte_is_found_at_open_and_the_rest_is_served_read_only
        a_flipped_byte_below_a_full_tile_leaves_the_proofs_standing
        a_missing_leaf_is_found_at_open
        a_byte_flipped_while_open_is_an_error_and_never_data
        a_scrub_names_the_first_bad_leaf
        an_older_copy_put_back_is_read_only
        another_log_key_does_not_take_over_a_log;
}
