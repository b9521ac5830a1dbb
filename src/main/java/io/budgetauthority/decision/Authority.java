package io.budgetauthority.decision;

import io.budgetauthority.decision.rule.Candidates;
import io.budgetauthority.decision.rule.Decider;
import io.budgetauthority.decision.rule.DecisionRequest;
import io.budgetauthority.decision.rule.Plan;
import io.budgetauthority.decision.rule.Quote;
import io.budgetauthority.ledger.DecisionWrite;
import io.budgetauthority.ledger.Ledger;
import io.budgetauthority.ledger.Reservation;
import io.budgetauthority.ledger.ReserveOutcome;
import io.budgetauthority.ledger.shard.Extent;
import io.budgetauthority.metrics.Meters;
import io.budgetauthority.price.Price;
import io.budgetauthority.price.PriceTable;
import io.budgetauthority.price.override.PriceOverrides;
import io.budgetauthority.price.table.PriceBook;
import io.budgetauthority.record.Decision;
import io.budgetauthority.record.Verdict;
import io.budgetauthority.storage.Deadline;
import io.budgetauthority.storage.Optimistic;
import io.budgetauthority.storage.Optimistic.Attempt;
import io.budgetauthority.storage.StorageContended;
import io.budgetauthority.storage.StorageUnavailable;
import io.budgetauthority.tenant.Mode;
import io.budgetauthority.tenant.VersionedPolicy;
import io.budgetauthority.tenant.store.Ceilings;
import io.budgetauthority.tenant.store.Policies;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Answers asks. It reads what applies, lets the pure [Decider] decide, and lets the ledger
/// reserve. It decides again where balances moved in between. Safe for use by many threads.
public final class Authority {

  /// protocol.md#downgrade: how often balances that moved are decided again.
  private static final int MAX_ROUNDS = 12;

  /// ledger.md#shards: how often a call reads all shards to prove that it gets less than it asked
  /// for, and how often it tries to hold where hardly anything is left.
  private static final int MAX_READINGS = 8;

  private static final int MAX_SCARCE_HOLDS = 3;

  private final Ledger ledger;
  private final PriceBook prices;
  private final PriceOverrides overrides;
  private final Policies policies;
  private final BudgetReader reader;
  private final Outage outage;
  private final Clock clock;

  public Authority(
      Ledger ledger,
      PriceBook prices,
      PriceOverrides overrides,
      Policies policies,
      Ceilings ceilings,
      Outage outage,
      Clock clock) {
    this.outage = outage;
    this.overrides = overrides;
    this.ledger = ledger;
    this.prices = prices;
    this.policies = policies;
    this.reader = new BudgetReader(ledger, policies, ceilings);
    this.clock = clock;
  }

  public Answer decide(Ask ask) {
    Optional<PriceTable> table = prices.current();
    if (table.isEmpty()) {
      return new Answer.NoPrices();
    }
    try {
      return decide(ask, table.get());
    } catch (RuntimeException e) {
      if (!StorageUnavailable.isCauseOf(e)) {
        throw e;
      }
      return outage.answer(ask, table.get(), e);
    }
  }

  /// The version of the price table that decisions use now; `none` before the first table was read.
  public String priceTableVersion() {
    return prices.current().map(PriceTable::version).orElse("none");
  }

  /// An advisory tenant is never refused for its number of runs. It gets a warning.
  private Answer decide(Ask ask, PriceTable table) {
    Deadline deadline = Deadline.ofRequest();
    Answer answer = decide(ask, table, null, deadline);
    return answer instanceof Answer.TooManyRuns full
            && policies.of(ask.tenantId()).policy().mode() == Mode.ADVISORY_ESTIMATE
        ? decide(ask, table, full.reason(), deadline)
        : answer;
  }

  /// @param notice a warning to add, with which counters of runs refuse nothing; null for none
  private Answer decide(Ask ask, PriceTable table, @Nullable String notice, Deadline deadline) {
    Seen seen = new Seen();
    return Optimistic.retry(
        MAX_ROUNDS,
        deadline,
        "the balances",
        busy ->
            attempt(
                new Round(ask, table, notice, busy, seen, deadline),
                seen.whole == null ? Extent.one(busy) : Extent.whole(busy)));
  }

  /// One try to answer an ask.
  ///
  /// @param busy how many tries before it found a shard busy
  /// @param seen what this try and those before it have read
  private record Round(
      Ask ask, PriceTable table, @Nullable String notice, int busy, Seen seen, Deadline deadline) {}

  /// What the tries of one call have seen of accounts with several shards.
  private static final class Seen {

    /// The last reading of all shards that did not settle the call; null where there is none.
    private @Nullable BudgetView whole;

    private int readings;
    private int scarceHolds;

    /// Counts a reading of all shards that proved nothing.
    private void countReading() {
      readings++;
      if (readings == MAX_READINGS) {
        throw new StorageContended("hardly anything is left, and other calls free and take it");
      }
    }

    /// Counts a hold of what is hardly enough.
    private void countScarceHold() {
      scarceHolds++;
      if (scarceHolds > MAX_SCARCE_HOLDS) {
        throw new StorageContended("hardly anything is left, and other calls take it first");
      }
    }
  }

  private Attempt<Answer> attempt(Round round, Extent extent) {
    Ask ask = round.ask();
    VersionedPolicy policy = policies.of(ask.tenantId());
    Instant now = Instant.ofEpochMilli(clock.millis());
    return switch (reader.read(ask, policy, now, extent, round.deadline())) {
      case BudgetReader.Reading.Stale stale -> Attempt.conflict();
      case BudgetReader.Reading.Refused refused -> Attempt.done(refused.answer());
      case BudgetReader.Reading.Decided decided -> Attempt.done(replay(ask, decided.stored()));
      case BudgetReader.Reading.View view -> decide(round, view.view());
    };
  }

  /// Decides by one shard of each account where that is enough. Else it reads all shards, and reads
  /// them again before it refuses what the caller asked for (ledger.md#shards).
  private Attempt<Answer> decide(Round round, BudgetView view) {
    Ask ask = round.ask();
    PriceTable table = round.table();
    DecisionRequest request = ask.request();
    Candidates.Prices names =
        (provider, model) -> overrides.find(ask.tenantId(), table, provider, model);
    PriceTable.Found found = names.find(request.provider(), request.model());
    if (found instanceof PriceTable.Found.Ambiguous ambiguous) {
      return Attempt.done(new Answer.Ambiguous(ambiguous.candidates()));
    }
    Price row = found instanceof PriceTable.Found.Row it ? it.price() : null;
    List<Decider.Candidate> candidates = Candidates.of(view.policy(), request.model(), row, names);
    Function<BudgetView, Plan> decider =
        it ->
            Decider.decide(
                Decider.Input.of(
                    request, it.policy(), table, row, names, candidates, it.enforced()));
    Plan plan = decider.apply(view);
    Seen seen = round.seen();
    if (ShardRules.isSettled(plan, view)) {
      if (ShardRules.isScarce(plan, view)) {
        seen.countScarceHold();
      }
      return write(round, view, plan);
    }
    if (!view.isWhole()) {
      return attempt(round, Extent.whole(round.busy()));
    }
    BudgetView earlier = seen.whole;
    seen.whole = view;
    if (!ShardRules.isPlaced(plan)) {
      return Attempt.conflict();
    }
    boolean isProven =
        earlier != null
            && view.atMostSince(earlier)
                .map(decider)
                .filter(most -> ShardRules.isSameOutcome(plan, most))
                .isPresent();
    if (isProven) {
      return write(round, view, plan);
    }
    seen.countReading();
    return attempt(round, Extent.whole(round.busy()));
  }

  private Attempt<Answer> write(Round round, BudgetView view, Plan plan) {
    Ask ask = round.ask();
    String notice = round.notice();
    DecisionWriter writer =
        new DecisionWriter(
            ask.request(),
            view,
            round.table().version(),
            notice == null ? List.of() : List.of(notice),
            null);
    return switch (plan) {
      case Plan.Refuse refuse -> Attempt.done(new Answer.Refused(refuse.code(), refuse.reason()));
      case Plan.Block block -> {
        Decision decision = writer.decision(block);
        yield ask.identity() == null
            ? Attempt.done(new Answer.DryRun(decision, rowOf(block.quote())))
            : write(round, DecisionWrite.of(writer.blocked(decision, ask.identity(), block)));
      }
      case Plan.Grant grant -> {
        Decision decision = writer.decision(grant);
        yield ask.identity() == null
            ? Attempt.done(new Answer.DryRun(decision, rowOf(grant.quote())))
            : write(
                round, write(writer.granted(decision, ask.identity(), grant), view, grant, notice));
      }
    };
  }

  private static DecisionWrite write(
      Reservation reservation, BudgetView view, Plan.Grant grant, @Nullable String notice) {
    DecisionWrite write =
        Bookkeeping.write(
            reservation, view, grant.holds(), grant.rates(), Bookkeeping.Use.DECISION);
    return notice == null ? write : write.withoutRunLimits();
  }

  private Attempt<Answer> write(Round round, DecisionWrite write) {
    Ask ask = round.ask();
    return switch (ledger.reserve(write, round.busy(), round.deadline())) {
      case ReserveOutcome.Reserved reserved -> {
        count(write.reservation().decision());
        yield Attempt.done(new Answer.Decided(write.reservation(), false));
      }
      case ReserveOutcome.AlreadyDecided already -> Attempt.done(replay(ask, already.stored()));
      case ReserveOutcome.Conflict conflict -> Attempt.conflict();
      case ReserveOutcome.Busy busy -> Attempt.busy();
      case ReserveOutcome.OverLimit full ->
          Attempt.done(new Answer.TooManyRuns(full.counter(), full.reason()));
    };
  }

  private static Answer replay(Ask ask, Reservation stored) {
    Decision decision = stored.decision();
    if (decision.isCancelled()) {
      return new Answer.Decided(stored, true);
    }
    boolean sameRun = ask.runId() == null || ask.runId().equals(decision.subject().runId());
    boolean sameRequest =
        ask.identity() != null && stored.requestHash().equals(ask.identity().requestHash());
    if (!sameRequest || !sameRun) {
      return new Answer.KeyReused();
    }
    Meters.replayed();
    return decision.isBlocked() || stored.state().isOpen()
        ? new Answer.Decided(stored, true)
        : new Answer.AlreadySettled(stored);
  }

  /// Counts a decision, once it is recorded.
  static void count(Decision decision) {
    Verdict verdict = decision.verdict();
    Meters.afterWrite(
        () ->
            Meters.decided(
                verdict.wireName(),
                decision.mode().wireName(),
                verdict.code() == null ? null : verdict.code().wireName()));
  }

  private static @Nullable Price rowOf(@Nullable Quote quote) {
    return quote == null ? null : quote.row();
  }
}
