package io.budgetauthority.decision;

import io.budgetauthority.ledger.Account;
import io.budgetauthority.ledger.Hold;
import io.budgetauthority.ledger.Reservation;
import io.budgetauthority.ledger.Standing;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.price.Bounds;
import io.budgetauthority.price.Price;
import io.budgetauthority.price.Pricing;
import io.budgetauthority.tenant.Mode;
import io.budgetauthority.tenant.Policy;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/// The rules of moving an open hold, to more output (`extend`) or to another model (`retarget`),
/// pure: the new worst case is held under the conditions of the decision, each account in the mode
/// that it was judged in then (protocol section 5).
public final class HoldChange {

  private final Reservation reservation;
  private final DecisionFacts facts;
  private final Policy policy;
  private final List<Standing> standings;

  /// @param accounts the accounts of the reservation's holds as they stand now
  public HoldChange(
      Reservation reservation, DecisionFacts facts, Policy policy, Map<?, Account> accounts) {
    this.reservation = reservation;
    this.facts = facts;
    this.policy = policy;
    this.standings = new ArrayList<>();
    for (int i = 0; i < reservation.holds().size(); i++) {
      Account account = accounts.get(reservation.holds().get(i).account());
      if (account == null) {
        throw new IllegalStateException("an account of " + reservation.id().hash() + " is missing");
      }
      DecisionFacts.Touched touched = facts.accounts().get(i);
      standings.add(
          new Standing(account, account, touched.mode(), margin(i), List.of(), touched.resetsAt()));
    }
  }

  /// What the account tolerated at the decision; of one that was stored without it, what the policy
  /// tolerates now.
  private MicroUsd margin(int account) {
    DecisionFacts.Asked asked = facts.asked();
    return asked == null || asked.margins().isEmpty()
        ? policy.softGate().margin()
        : asked.margins().get(account);
  }

  /// What a change comes to.
  public sealed interface Result {
    record Moved(Reservation.Rehold to) implements Result {}

    /// The accounts have not enough for it, or the model has no price or is not allowed.
    ///
    /// @param facts the decision with the balances seen now and why it is blocked
    record Blocked(DecisionFacts facts, DecisionFacts.BlockFacts block) implements Result {}

    /// The decision cannot be changed so at all (400).
    record Refused(String field, String reason) implements Result {}
  }

  /// A higher total of output for one completion, and more time where it is stated. What stands is
  /// never lowered.
  public Result extend(Price row, @Nullable Instant until, long outputTokens) {
    Instant expiresAt = until == null ? reservation.expiresAt() : until;
    long standing = facts.effectiveMaxOutputTokens() == null ? 0 : facts.effectiveMaxOutputTokens();
    if (outputTokens <= standing) {
      return moved(row, provider(), model(), standing, reservation.estimate(), null, expiresAt);
    }
    Long limit = row.outputLimitTokens();
    if (!row.hasOutput() || (limit != null && outputTokens > limit)) {
      return new Result.Refused(
          "/max_output_tokens",
          "is more than " + row.model() + " puts out, " + (limit == null ? 0 : limit));
    }
    Standing.Estimate estimate = estimate(row, inputTokens(row), outputTokens);
    List<Integer> shorts = shorts(estimate);
    return shorts.isEmpty()
        ? moved(row, provider(), model(), outputTokens, estimate.worst(), estimate, expiresAt)
        : blocked(estimate, outputTokens, shorts, largestFitting(row, standing, outputTokens));
  }

  /// The hold moved to another model before that is tried, under the output cap that stands or the
  /// model's own if it is lower.
  public Result retarget(Price row, String provider, String model) {
    List<String> allowed = policy.allowedModels();
    if (!allowed.isEmpty() && !allowed.contains(model) && !allowed.contains(row.model())) {
      return unroutable(ProblemCode.MODEL_NOT_ALLOWED, "the policy does not allow " + model);
    }
    long standing = facts.effectiveMaxOutputTokens() == null ? 0 : facts.effectiveMaxOutputTokens();
    long cap =
        row.hasOutput()
            ? Math.min(
                standing, row.outputLimitTokens() == null ? standing : row.outputLimitTokens())
            : 0;
    Bounds bounds = bounds(inputTokens(row), cap);
    Optional<String> unpriced = Pricing.unpricedBecause(row, bounds);
    if (unpriced.isPresent()) {
      return unroutable(ProblemCode.PRICE_UNKNOWN, unpriced.get());
    }
    Standing.Estimate estimate = estimate(row, inputTokens(row), cap);
    List<Integer> shorts = shorts(estimate);
    return shorts.isEmpty()
        ? moved(row, provider, model, cap, estimate.worst(), estimate, reservation.expiresAt())
        : blocked(estimate, cap, shorts, null);
  }

  /// A retarget to what has no row.
  public Result unknown(String model) {
    return unroutable(ProblemCode.PRICE_UNKNOWN, "no price is known for " + model);
  }

  private Result moved(
      Price row,
      String provider,
      String model,
      long capTokens,
      MicroUsd worst,
      Standing.@Nullable Estimate estimate,
      Instant expiresAt) {
    List<Hold> holds = new ArrayList<>();
    List<Optional<MicroUsd>> least = new ArrayList<>();
    List<DecisionFacts.Touched> touched = new ArrayList<>();
    for (int i = 0; i < standings.size(); i++) {
      Hold before = reservation.holds().get(i);
      MicroUsd amount = estimate == null ? before.amount() : standings.get(i).hold(estimate);
      holds.add(new Hold(before.account(), amount));
      least.add(leastAvailable(standings.get(i), amount.minus(before.amount())));
      touched.add(facts.accounts().get(i).holding(amount));
    }
    DecisionFacts next = facts.movedTo(provider, model, capTokens, worst, touched);
    return new Result.Moved(
        new Reservation.Rehold(
            holds,
            least,
            worst,
            expiresAt,
            DecisionJson.write(next),
            DecisionJson.writePrice(row)));
  }

  private static Optional<MicroUsd> leastAvailable(Standing standing, MicroUsd change) {
    return switch (standing.mode()) {
      case HARD_GATE -> Optional.of(change);
      case SOFT_GATE -> Optional.of(change.minus(standing.margin()));
      case ADVISORY_ESTIMATE, ACTUALS_ONLY -> Optional.empty();
    };
  }

  /// Which accounts have not enough for the change to a new estimate, by their places; those that
  /// fall furthest short first, equal ones in the order of the accounts.
  private List<Integer> shorts(Standing.Estimate estimate) {
    return IntStream.range(0, standings.size())
        .filter(i -> shortfall(i, estimate).isPositive())
        .boxed()
        .sorted(Comparator.comparing((Integer i) -> shortfall(i, estimate)).reversed())
        .toList();
  }

  /// By how much an account falls short of the change; not positive where it is none.
  private MicroUsd shortfall(int place, Standing.Estimate estimate) {
    Standing standing = standings.get(place);
    Account account = standing.account();
    if (standing.mode() == Mode.ACTUALS_ONLY) {
      return standing.shortfall(estimate);
    }
    MicroUsd change = standing.hold(estimate).minus(reservation.holds().get(place).amount());
    return change.isPositive()
        ? leastAvailable(standing, change)
            .map(least -> least.minus(account.available()))
            .orElse(MicroUsd.ZERO)
        : MicroUsd.ZERO;
  }

  private Result blocked(
      Standing.Estimate estimate, long capTokens, List<Integer> shorts, @Nullable Long fits) {
    List<Remedy> remedies = new ArrayList<>();
    if (shorts.stream().allMatch(i -> standings.get(i).fitsWhenNothingIsInFlight(estimate))) {
      remedies.add(Remedy.WAIT);
    }
    if (fits != null) {
      remedies.add(Remedy.REDUCE_OUTPUT);
    }
    if (remedies.isEmpty()) {
      remedies.add(Remedy.RAISE_LIMIT);
    }
    int blocking = shorts.getFirst();
    List<DecisionFacts.Touched> now = new ArrayList<>();
    for (int i = 0; i < standings.size(); i++) {
      MicroUsd held = reservation.holds().get(i).amount();
      DecisionFacts.Touched seen = DecisionFacts.Touched.of(standings.get(i), MicroUsd.ZERO);
      now.add(seen.holding(held));
    }
    String detail =
        "the call may now cost "
            + estimate.worst()
            + " USD; "
            + now.get(blocking).scope().wireName()
            + " "
            + now.get(blocking).id()
            + " has "
            + now.get(blocking).remaining()
            + " USD left beside what it holds";
    DecisionFacts.BlockFacts block =
        new DecisionFacts.BlockFacts(
            detail, blocking, remedies.stream().map(Remedy::wireName).toList(), fits, null);
    return new Result.Blocked(
        facts
            .movedTo(provider(), model(), capTokens, estimate.worst(), now)
            .blockedBy(ProblemCode.ceilingReached(now.get(blocking).scope()), block),
        block);
  }

  private Result unroutable(ProblemCode code, String detail) {
    List<String> remedies =
        code == ProblemCode.PRICE_UNKNOWN ? List.of(Remedy.PRICE_MODEL.wireName()) : List.of();
    DecisionFacts.BlockFacts block =
        new DecisionFacts.BlockFacts(detail, null, remedies, null, null);
    return new Result.Blocked(facts.blockedBy(code, block), block);
  }

  /// The largest total above what stands and below what was asked that still fits; null where none
  /// does.
  private @Nullable Long largestFitting(Price row, long standing, long asked) {
    long fitting = standing;
    long tooMuch = asked;
    while (tooMuch - fitting > 1) {
      long middle = fitting + (tooMuch - fitting) / 2;
      if (shorts(estimate(row, inputTokens(row), middle)).isEmpty()) {
        fitting = middle;
      } else {
        tooMuch = middle;
      }
    }
    return fitting == standing ? null : fitting;
  }

  private Standing.Estimate estimate(Price row, long inputTokens, long capTokens) {
    MicroUsd worst = Pricing.worstCase(row, bounds(inputTokens, capTokens));
    int percent = policy.softGate().expectedOutputPercent();
    long expected = Math.ceilDiv(Math.multiplyExact(capTokens, percent), 100L);
    return new Standing.Estimate(
        worst, percent == 100 ? worst : Pricing.worstCase(row, bounds(inputTokens, expected)));
  }

  private Bounds bounds(long inputTokens, long capTokens) {
    DecisionFacts.Asked asked = facts.asked();
    if (asked == null) {
      throw new IllegalStateException("decision " + reservation.id().hash() + " keeps no bounds");
    }
    return new Bounds(
        inputTokens,
        Math.multiplyExact(capTokens, asked.choices()),
        asked.parts(),
        asked.units(),
        asked.billedTools(),
        facts.serviceTier());
  }

  /// An input that was bounded by a model's window is bounded by the next model's.
  private long inputTokens(Price row) {
    boolean byWindow = InputBound.Basis.WINDOW.wireName().equals(facts.inputBasis());
    if (byWindow && row.windowTokens() != null) {
      return row.windowTokens();
    }
    return facts.inputTokens() == null ? 0 : facts.inputTokens();
  }

  private String provider() {
    return facts.provider() == null ? "" : facts.provider();
  }

  private String model() {
    return facts.selectedModel() == null ? "" : facts.selectedModel();
  }
}
