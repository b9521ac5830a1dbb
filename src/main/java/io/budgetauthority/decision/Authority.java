package io.budgetauthority.decision;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.budgetauthority.ledger.Account;
import io.budgetauthority.ledger.Deadline;
import io.budgetauthority.ledger.EnforcedAccount;
import io.budgetauthority.ledger.Ledger;
import io.budgetauthority.ledger.LedgerContended;
import io.budgetauthority.ledger.LedgerUnavailable;
import io.budgetauthority.ledger.LimitVersion;
import io.budgetauthority.ledger.Reservation;
import io.budgetauthority.ledger.ReservationId;
import io.budgetauthority.ledger.Run;
import io.budgetauthority.ledger.RunCounter;
import io.budgetauthority.metrics.Meters;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.price.Price;
import io.budgetauthority.price.PriceBook;
import io.budgetauthority.price.PriceOverrides;
import io.budgetauthority.price.PriceTable;
import io.budgetauthority.record.AccountKey;
import io.budgetauthority.record.Decision;
import io.budgetauthority.record.RecordJson;
import io.budgetauthority.record.Tuple;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.Mode;
import io.budgetauthority.tenant.Policy;
import io.budgetauthority.tenant.Scope;
import io.budgetauthority.tenant.Tenants;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Answers asks. It reads what applies, lets the pure [Decider] decide, and lets the ledger
/// reserve. It decides again where balances moved in between. Safe for use by many threads.
public final class Authority {

  /// protocol.md#downgrade: balances that moved are decided again, five rounds at most.
  private static final int MAX_ROUNDS = 5;

  /// The run id of a dry run that has no run. No run can have this id.
  static final String DRY_RUN = "";

  private static final Duration TIMEOUT = Duration.ofMillis(2_500);
  private static final int MAX_CHAINS = 20_000;

  private final Ledger ledger;
  private final PriceBook prices;
  private final PriceOverrides overrides;
  private final Tenants tenants;
  private final Accounts accounts;
  private final Outage outage;
  private final Clock clock;

  /// The ancestors of runs. They never change, so a decision of a known run reads them together
  /// with the run.
  private final Cache<RunName, List<String>> chains =
      Caffeine.newBuilder().maximumSize(MAX_CHAINS).build();

  private record RunName(String tenantId, String runId) {}

  public Authority(
      Ledger ledger,
      PriceBook prices,
      PriceOverrides overrides,
      Tenants tenants,
      Outage outage,
      Clock clock) {
    this.outage = outage;
    this.overrides = overrides;
    this.ledger = ledger;
    this.prices = prices;
    this.tenants = tenants;
    this.accounts = new Accounts(tenants);
    this.clock = clock;
  }

  /// An ask with all that identifies it.
  ///
  /// @param idempotencyKey null only for a dry run
  /// @param runId the run that the caller names; null for one to be issued
  public record Ask(
      Caller caller,
      DecisionRequest request,
      @Nullable String idempotencyKey,
      @Nullable String runId) {

    /// Why the policy does not allow the caller this ask; null where it does. The rules need no
    /// ledger, so they apply in an outage too.
    @Nullable Answer refusedBy(Policy policy) {
      String reason =
          CallerRules.refuse(caller, request.tuple(), request.runLimit(), "run_limit_usd", policy);
      if (reason != null) {
        return new Answer.Forbidden(reason);
      }
      return runId == null && policy.runsWithoutId() == Policy.RunsWithoutId.REFUSE
          ? new Answer.Invalid("X-Run-Id", "is required: the policy refuses calls that name no run")
          : null;
    }
  }

  /// An ask by the names that it has in the ledger.
  ///
  /// @param identity null for a dry run
  /// @param stated the tuple that its caller acts under
  record Identified(DecisionWriter.@Nullable Identity identity, Tuple stated) {

    static Identified of(Ask ask) {
      Caller caller = ask.caller();
      DecisionWriter.Identity identity =
          ask.idempotencyKey() == null
              ? null
              : new DecisionWriter.Identity(
                  ReservationId.of(
                      caller.tenantId(),
                      caller.principalId(),
                      ReservationId.Kind.DECISION,
                      ask.idempotencyKey()),
                  caller.tenantId(),
                  caller.principalId(),
                  RecordJson.hash(ask.request()));
      return new Identified(identity, ask.request().tuple().actingAs(caller));
    }
  }

  public Answer decide(Ask ask) {
    Optional<PriceTable> table = prices.current();
    if (table.isEmpty()) {
      return new Answer.NoPrices();
    }
    Identified identified = Identified.of(ask);
    try {
      return decide(new Attempt(ask, identified, table.get()));
    } catch (RuntimeException e) {
      if (!LedgerUnavailable.isCauseOf(e)) {
        throw e;
      }
      return outage.answer(ask, identified, table.get(), e);
    }
  }

  private static Answer decide(Attempt attempt) {
    Deadline deadline = Deadline.in(TIMEOUT);
    for (int round = 0; round < MAX_ROUNDS; round++) {
      Answer answer = attempt.run(deadline);
      if (answer != null) {
        return answer;
      }
    }
    throw new LedgerContended("the balances moved in every round");
  }

  /// The version of the price table that decisions use now; `none` before the first table was read.
  public String priceTableVersion() {
    return prices.current().map(PriceTable::version).orElse("none");
  }

  /// One ask being decided, round by round.
  private final class Attempt {
    private final Ask ask;
    private final DecisionRequest request;
    private final String tenantId;
    private final PriceTable table;
    private final DecisionWriter.@Nullable Identity identity;
    private final @Nullable ReservationId id;
    private final Tuple stated;
    private final List<String> notices = new ArrayList<>();
    private CallRun callRun = CallRun.NONE;
    private Tuple tuple;
    private boolean countersAreJudged = true;

    Attempt(Ask ask, Identified identified, PriceTable table) {
      this.ask = ask;
      this.request = ask.request();
      this.tenantId = ask.caller().tenantId();
      this.table = table;
      this.identity = identified.identity();
      this.id = identity == null ? null : identity.id();
      this.stated = identified.stated();
      this.tuple = stated;
    }

    /// One round: an answer, or null where the ledger changed and the ask must be decided again.
    @Nullable Answer run(Deadline deadline) {
      Tenants.Versioned policy = tenants.policy(tenantId);
      Instant now = Instant.ofEpochMilli(clock.millis());
      callRun = CallRun.of(ask, identity, stated, policy, now);
      String runId = callRun.runId();
      Accounts.Applying applying = accounts.applyingTo(tenantId, tuple, policy, now);
      Ledger.Snapshot seen = ledger.read(id, tenantId, applying.keys(), knownRuns(), deadline);
      if (seen.reservation() != null) {
        return replay(seen.reservation());
      }
      Answer notAllowed = ask.refusedBy(policy.policy());
      if (notAllowed != null) {
        return notAllowed;
      }
      if (ledger.repair(seen.accounts().values(), deadline)) {
        return null;
      }
      Run run = seen.runs().get(runId);
      Run parent = run == null ? seen.runs().get(parentOrNone()) : null;
      Answer refused =
          run == null
              ? Lineage.refuseParent(runId, request.parentRunId(), parent, stated, now)
              : refuseRun(run, now);
      if (refused != null) {
        return refused;
      }
      List<String> chain = chainOf(run, parent);
      Tuple completed = boundBy(run, parent).completedBy(tuple);
      if (!completed.equals(tuple) || !seen.runs().keySet().containsAll(chain)) {
        tuple = completed;
        applying = accounts.applyingTo(tenantId, tuple, policy, now);
        seen = ledger.read(id, tenantId, applying.keys(), knownRuns(), deadline);
      }
      if (applying.isOlderThan(seen.accounts())) {
        applying.evict(tenants);
        return null;
      }
      if ((run == null) != (seen.runs().get(runId) == null)
          || !seen.runs().keySet().containsAll(chain)) {
        return null;
      }
      Lineage lineage =
          new Lineage(seen.runs().get(runId), chain.stream().map(seen.runs()::get).toList());
      Answer outside = refuseAncestors(lineage, now);
      if (outside != null) {
        return outside;
      }
      List<EnforcedAccount> enforcedAccounts = applying.enforcedAccounts(seen.accounts());
      return switch (find(request.provider(), request.model())) {
        case PriceTable.Found.Ambiguous ambiguous -> new Answer.Ambiguous(ambiguous.candidates());
        case PriceTable.Found.Unknown unknown ->
            decide(policy, null, enforcedAccounts, lineage, now, deadline);
        case PriceTable.Found.Row row ->
            decide(policy, row.price(), enforcedAccounts, lineage, now, deadline);
      };
    }

    /// Every run that may matter, as far as it is known before the ledger is read.
    private List<String> knownRuns() {
      List<String> known = new ArrayList<>();
      String runId = callRun.runId();
      if (!runId.equals(DRY_RUN)) {
        known.add(runId);
      }
      List<String> chain = chains.getIfPresent(new RunName(tenantId, runId));
      if (chain != null) {
        known.addAll(chain);
      }
      String parent = request.parentRunId();
      if (parent != null && !known.contains(parent)) {
        known.add(parent);
      }
      return known;
    }

    private String parentOrNone() {
      return request.parentRunId() == null ? "" : request.parentRunId();
    }

    private List<String> chainOf(@Nullable Run run, @Nullable Run parent) {
      List<String> chain =
          run != null
              ? run.ancestors()
              : parent != null ? parent.ancestorsOfChild() : List.<String>of();
      if (!chain.isEmpty()) {
        chains.put(new RunName(tenantId, callRun.runId()), chain);
      }
      return chain;
    }

    private Tuple boundBy(@Nullable Run run, @Nullable Run parent) {
      return run != null ? run.tuple() : parent != null ? parent.tuple() : stated;
    }

    private PriceTable.Found find(@Nullable String provider, String model) {
      return overrides.find(tenantId, table, provider, model);
    }

    private @Nullable Answer decide(
        Tenants.Versioned versioned,
        @Nullable Price row,
        List<EnforcedAccount> ofScopes,
        Lineage lineage,
        Instant now,
        Deadline deadline) {
      Policy policy = versioned.policy();
      List<EnforcedAccount> enforcedAccounts = new ArrayList<>(ofScopes.size() + 1);
      Run run = lineage.run();
      enforcedAccounts.add(
          accounts.ofRun(run == null ? unusedRunAccount(policy) : run.account(), run, policy));
      lineage
          .ancestors()
          .forEach(one -> enforcedAccounts.add(accounts.ofRun(one.account(), one, policy)));
      enforcedAccounts.addAll(ofScopes);
      Decider.Input question =
          new Decider.Input(
              request,
              policy,
              row,
              row == null ? ModelRules.NO_ROW : ModelRules.of(policy, row, this::find),
              row == null ? table.near(request.model()) : List.of(),
              Candidates.of(policy, request.model(), row, this::find),
              enforcedAccounts);
      Plan plan = Decider.decide(question);
      DecisionWriter writer =
          new DecisionWriter(
              request,
              versioned,
              table.version(),
              callRun.runId(),
              callRun.isIssued(),
              lineage,
              tuple,
              notices,
              null,
              now);
      return switch (plan) {
        case Plan.Refuse refuse -> new Answer.Refused(refuse.code(), refuse.reason());
        case Plan.Block block -> {
          Decision decision = writer.decision(block, enforcedAccounts);
          yield identity == null
              ? new Answer.DryRun(decision, rowOf(block.quote()))
              : write(Ledger.Write.of(writer.blocked(decision, identity, block)), policy, deadline);
        }
        case Plan.Grant grant -> {
          Decision decision = writer.decision(grant, enforcedAccounts);
          yield identity == null
              ? new Answer.DryRun(decision, rowOf(grant.quote()))
              : write(
                  new Ledger.Write(
                      writer.granted(decision, identity, grant),
                      writer.updates(grant),
                      writer.runChanges(grant, tenantId),
                      counters(writer)),
                  policy,
                  deadline);
        }
      };
    }

    private List<RunCounter> counters(DecisionWriter writer) {
      List<RunCounter> counters = writer.counters(tenantId);
      return countersAreJudged ? counters : counters.stream().map(RunCounter::unlimited).toList();
    }

    private @Nullable Answer write(Ledger.Write order, Policy policy, Deadline deadline) {
      return switch (ledger.reserve(order, deadline)) {
        case Ledger.Outcome.Reserved reserved -> new Answer.Decided(order.reservation(), false);
        case Ledger.Outcome.AlreadyDecided already -> replay(already.stored());
        case Ledger.Outcome.Conflict conflict -> null;
        case Ledger.Outcome.OverLimit none when policy.mode() == Mode.ADVISORY_ESTIMATE -> {
          countersAreJudged = false;
          notices.add(none.reason());
          yield null;
        }
        case Ledger.Outcome.OverLimit none -> new Answer.TooManyRuns(none.counter(), none.reason());
      };
    }

    private Answer replay(Reservation stored) {
      Decision decision = stored.decision();
      if (decision.isCancelled()) {
        return new Answer.Decided(stored, true);
      }
      boolean sameRun = ask.runId() == null || ask.runId().equals(decision.subject().runId());
      if (!stored.requestHash().equals(RecordJson.hash(request)) || !sameRun) {
        return new Answer.KeyReused();
      }
      Meters.replayed();
      return decision.isBlocked() || stored.state().isOpen()
          ? new Answer.Decided(stored, true)
          : new Answer.AlreadySettled(stored);
    }

    /// A call must be within the tuple of every ancestor, and none of them may have ended.
    private @Nullable Answer refuseAncestors(Lineage lineage, Instant now) {
      for (Run ancestor : lineage.ancestors()) {
        if (!ancestor.tuple().admits(tuple)) {
          return new Answer.RunMismatch(ancestor.runId(), ancestor.tuple().differingField(tuple));
        }
        if (ancestor.stateAt(now) != Run.State.ACTIVE) {
          return new Answer.RunClosed(ancestor.runId());
        }
      }
      return null;
    }

    private @Nullable Answer refuseRun(Run run, Instant now) {
      String runId = callRun.runId();
      if (!run.tuple().admits(stated)) {
        return new Answer.RunMismatch(runId, run.tuple().differingField(stated));
      }
      if (run.stateAt(now) != Run.State.ACTIVE) {
        return new Answer.RunClosed(runId);
      }
      String parent = request.parentRunId();
      if (parent != null && !parent.equals(run.parentRunId())) {
        return new Answer.RunConflict(
            runId, "parent_run_id is " + parent + ", the run has " + run.parentRunId());
      }
      if (request.runLimit() != null
          && !request.runLimit().equals(run.account().limit())
          && !request.runLimit().equals(run.madeLimit())) {
        return new Answer.RunConflict(
            runId,
            "run_limit_usd is " + request.runLimit() + ", the run has " + run.account().limit());
      }
      return null;
    }

    private Account unusedRunAccount(Policy policy) {
      MicroUsd limit = request.runLimit() != null ? request.runLimit() : policy.defaultRunLimit();
      return Account.unused(
          AccountKey.total(tenantId, Scope.RUN, callRun.runId()), limit, LimitVersion.ofRun(0));
    }
  }

  private static @Nullable Price rowOf(@Nullable Quote quote) {
    return quote == null ? null : quote.row();
  }
}
