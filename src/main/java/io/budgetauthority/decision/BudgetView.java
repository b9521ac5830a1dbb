package io.budgetauthority.decision;

import io.budgetauthority.ledger.Run;
import io.budgetauthority.ledger.account.EnforcedAccount;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.Decision;
import io.budgetauthority.tenant.Policy;
import io.budgetauthority.tenant.VersionedPolicy;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What the configuration and the ledger say about one call, as it was read for it.
///
/// @param at the time of the call, which its periods are of
/// @param subject the run and the tuple of the call; the tuple is completed by the run
/// @param runs the call's own run, then its ancestors, the parent first; empty where the call
///   belongs to no run, and in an outage
/// @param issued whether the run was issued to this call alone, so that it does not count as active
///   or new
/// @param ceilings the accounts of the ceilings that apply
public record BudgetView(
    VersionedPolicy versioned,
    Instant at,
    Decision.Subject subject,
    List<RunOfCall> runs,
    boolean issued,
    List<EnforcedAccount> ceilings) {

  public BudgetView {
    runs = List.copyOf(runs);
    ceilings = List.copyOf(ceilings);
  }

  /// One run whose account a call is held against.
  ///
  /// @param runId null for a dry run that neither names a run nor gets one
  /// @param stored null where the call starts the run
  public record RunOfCall(@Nullable String runId, @Nullable Run stored, EnforcedAccount account) {}

  public Policy policy() {
    return versioned.policy();
  }

  /// Every account that applies, that of the call's own run first.
  public List<EnforcedAccount> accounts() {
    List<EnforcedAccount> accounts = new ArrayList<>(runs.size() + ceilings.size());
    runs.forEach(run -> accounts.add(run.account()));
    accounts.addAll(ceilings);
    return accounts;
  }

  /// A decision that is charged to these accounts without a reservation.
  ///
  /// @param charge what each account is charged, in micro-USD
  public Decision charged(Decision decision, MicroUsd charge) {
    return decision.with(
        subject, accounts().stream().map(account -> account.sharingCharge(charge)).toList());
  }

  /// The ids of the ancestors, the parent's first.
  List<String> ancestors() {
    return runs.stream().skip(1).map(RunOfCall::runId).toList();
  }
}
