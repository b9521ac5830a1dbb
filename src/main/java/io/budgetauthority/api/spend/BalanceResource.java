package io.budgetauthority.api.spend;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.budgetauthority.api.http.Access;
import io.budgetauthority.api.http.Callers;
import io.budgetauthority.api.http.VisibleRun;
import io.budgetauthority.api.problem.Problem;
import io.budgetauthority.api.problem.ProblemType;
import io.budgetauthority.api.view.AccountView;
import io.budgetauthority.decision.Accounts;
import io.budgetauthority.decision.BudgetView;
import io.budgetauthority.input.Ids;
import io.budgetauthority.ledger.Ledger;
import io.budgetauthority.ledger.Run;
import io.budgetauthority.ledger.Runs;
import io.budgetauthority.ledger.Snapshot;
import io.budgetauthority.ledger.account.EnforcedAccount;
import io.budgetauthority.ledger.account.EnforcedRate;
import io.budgetauthority.ledger.shard.Extent;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.AccountShare;
import io.budgetauthority.record.Share;
import io.budgetauthority.record.Tuple;
import io.budgetauthority.storage.Deadline;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.Policy;
import io.budgetauthority.tenant.Role;
import io.budgetauthority.tenant.VersionedPolicy;
import io.budgetauthority.tenant.store.Ceilings;
import io.budgetauthority.tenant.store.Policies;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The balances of every account and rate that a call of a run or a tuple would be held against, so
/// that a caller can plan ahead (protocol.md#balances).
@Path("/budget/balances")
@Produces(MediaType.APPLICATION_JSON)
public final class BalanceResource {

  private final Access access;
  private final Ledger ledger;
  private final Runs runs;
  private final Policies policies;
  private final Accounts accounts;
  private final Clock clock;

  BalanceResource(
      Access access, Ledger ledger, Runs runs, Policies policies, Ceilings ceilings, Clock clock) {
    this.access = access;
    this.ledger = ledger;
    this.runs = runs;
    this.policies = policies;
    this.accounts = new Accounts(policies, ceilings);
    this.clock = clock;
  }

  /// The accounts, that of the run first, then the rates, those of the run first.
  public record Balances(@JsonProperty("accounts") List<AccountView> accounts) {}

  @GET
  public Balances get(
      @QueryParam("run_id") @Nullable String runId,
      @QueryParam("user_id") @Nullable String userId,
      @QueryParam("key_id") @Nullable String keyId,
      @QueryParam("team_id") @Nullable String teamId,
      @QueryParam("feature_id") @Nullable String featureId) {
    Caller caller = access.require(Role.GATEWAY, Role.AGENT, Role.VIEWER, Role.ADMIN);
    Tuple stated =
        Callers.tuple(
            caller,
            new Tuple(
                Ids.optional("user_id", userId),
                Ids.optional("key_id", keyId),
                Ids.optional("team_id", teamId),
                Ids.optional("feature_id", featureId)));
    VersionedPolicy policy = policies.of(caller.tenantId());
    Callers.refuseStatements(caller, stated, null, policy.policy());
    Instant now = Instant.ofEpochMilli(clock.millis());
    List<Share> shares = new ArrayList<>();
    List<EnforcedRate> unreadRates = new ArrayList<>();
    Tuple tuple = stated;
    if (runId != null) {
      Run run =
          VisibleRun.find(runs, caller, Ids.requireRunId("run_id", runId))
              .orElseThrow(
                  () -> Problem.of(ProblemType.NOT_FOUND, "there is no run " + runId).exception());
      tuple = run.tuple().completedBy(stated);
      shares.add(share(run.at(now), policy.policy()));
      unreadRates.addAll(rates(run, policy.policy(), now));
      ledger
          .read(null, caller.tenantId(), List.of(), run.ancestors(), Deadline.ofRequest())
          .runs()
          .values()
          .stream()
          .sorted(Comparator.comparing((Run one) -> run.ancestors().indexOf(one.runId())))
          .forEach(
              ancestor -> {
                shares.add(share(ancestor.at(now), policy.policy()));
                unreadRates.addAll(rates(ancestor, policy.policy(), now));
              });
    }
    Accounts.Applying applying = accounts.applyingTo(caller.tenantId(), tuple, policy, now, now);
    unreadRates.addAll(applying.unreadRates());
    Snapshot seen =
        ledger.read(
            null,
            caller.tenantId(),
            applying.keys(),
            unreadRates.stream().map(EnforcedRate::key).toList(),
            List.of(),
            Extent.WHOLE,
            Deadline.ofRequest());
    for (EnforcedAccount enforced : applying.enforcedAccounts(seen.accountsAt(now))) {
      shares.add(enforced.sharing(MicroUsd.ZERO));
    }
    for (EnforcedRate rate : unreadRates) {
      shares.add(seen.over(rate).sharing(MicroUsd.ZERO));
    }
    return new Balances(AccountView.of(shares, caller));
  }

  private static List<EnforcedRate> rates(Run run, Policy policy, Instant now) {
    return BudgetView.RunOfCall.of(run, policy).unreadRates(policy, now);
  }

  private static AccountShare share(Run run, Policy policy) {
    return Accounts.ofRun(run, policy).sharing(MicroUsd.ZERO);
  }
}
