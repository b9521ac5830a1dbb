package io.budgetauthority.decision;

import io.budgetauthority.ledger.Account;
import io.budgetauthority.ledger.EnforcedAccount;
import io.budgetauthority.ledger.Hold;
import io.budgetauthority.ledger.Reservation;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.price.Price;
import io.budgetauthority.price.PriceReview;
import io.budgetauthority.price.Pricing;
import io.budgetauthority.tenant.Mode;
import io.budgetauthority.tenant.Policy;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/// The rules for moving an open hold to more output (`extend`) or to another model (`retarget`)
/// (protocol.md#retarget). Pure. A change is judged as an ask would be: by the bounds as the ask
/// stated them, the window and the limits of the row, and the policy as it is now. The new worst
/// case is held under the conditions of the decision. Each account is judged in the mode that it
/// had at the decision.
public final class HoldChange {

  private final Reservation reservation;
  private final DecisionFacts facts;
  private final Policy policy;
  private final List<EnforcedAccount> enforcedAccounts;

  /// @param accounts the accounts of the reservation's holds as they are now
  public HoldChange(
      Reservation reservation, DecisionFacts facts, Policy policy, Map<?, Account> accounts) {
    this.reservation = reservation;
    this.facts = facts;
    this.policy = policy;
    this.enforcedAccounts = new ArrayList<>();
    for (int i = 0; i < reservation.holds().size(); i++) {
      Account account = accounts.get(reservation.holds().get(i).account());
      if (account == null) {
        throw new IllegalStateException("an account of " + reservation.id().hash() + " is missing");
      }
      DecisionFacts.Touched touched = facts.accounts().get(i);
      enforcedAccounts.add(
          new EnforcedAccount(
              account, account, touched.mode(), margin(i), List.of(), touched.resetsAt()));
    }
  }

  /// The account's margin at the decision. It is the policy's margin now where the decision was
  /// stored without margins.
  private MicroUsd margin(int account) {
    DecisionFacts.Asked asked = facts.asked();
    return asked == null || asked.margins().isEmpty()
        ? policy.softGate().margin()
        : asked.margins().get(account);
  }

  /// The outcome of a change.
  public sealed interface Result {
    record Moved(Reservation.Rehold to) implements Result {}

    /// An account has not enough available for the change, or the model has no price or is not
    /// allowed.
    ///
    /// @param facts the decision with the balances seen now and why it is blocked
    record Blocked(DecisionFacts facts, DecisionFacts.BlockFacts block) implements Result {}

    /// A rule of the policy or of the row does not allow it (400), as it would not allow an ask.
    record Refused(ProblemCode code, String reason) implements Result {}

    /// The change is not possible for this decision (400).
    record Invalid(String field, String reason) implements Result {}
  }

  /// Raises the total output of one completion, and the time where it is stated. It never lowers
  /// either.
  ///
  /// @param row the row that the hold is priced by
  /// @param rules what the policy says about the row now
  public Result extend(Price row, ModelRules rules, @Nullable Instant until, long outputTokens) {
    Instant expiresAt = until == null ? reservation.expiresAt() : until;
    long heldCap = heldCap();
    if (outputTokens <= heldCap) {
      return moved(row, provider(), model(), heldCap, facts.outputClamped(), null, expiresAt);
    }
    if (!rules.allowed() && !isAdvisory()) {
      return unroutable(
          ProblemCode.MODEL_NOT_ALLOWED, "the policy does not allow " + model(), List.of());
    }
    DecisionRequest request = request(facts.provider(), model(), outputTokens);
    switch (OutputCap.of(request, row, policy, rules)) {
      case OutputCap.Result.Refused refused when !isAdvisory() -> {
        return new Result.Refused(refused.code(), refused.reason());
      }
      case OutputCap.Result.Refused refused -> {
        return judge(row, request, outputTokens, false, expiresAt);
      }
      case OutputCap.Result.Effective effective -> {
        return effective.tokens() <= heldCap
            ? moved(row, provider(), model(), heldCap, true, null, expiresAt)
            : judge(row, request, effective.tokens(), effective.clamped(), expiresAt);
      }
    }
  }

  /// Moves the hold to another model before that model is tried. The call keeps its output cap,
  /// under the rules of the other model.
  ///
  /// @param rules what the policy says about the row now
  public Result retarget(Price row, ModelRules rules, String provider, String model) {
    if (!rules.allowed() && !isAdvisory()) {
      return unroutable(
          ProblemCode.MODEL_NOT_ALLOWED, "the policy does not allow " + model, List.of());
    }
    DecisionRequest request = request(provider, model, capToRetarget());
    if (!InputBound.isKnown(request, row)) {
      return unpriced(
          provider,
          model,
          model + " states no context window that would bound an unbounded input",
          List.of());
    }
    long cap;
    boolean clamped;
    switch (OutputCap.of(request, row, policy, rules)) {
      case OutputCap.Result.Refused refused when !isAdvisory() -> {
        return new Result.Refused(refused.code(), refused.reason());
      }
      case OutputCap.Result.Refused refused -> {
        cap = request.maxOutputTokens() == null ? 0 : request.maxOutputTokens();
        clamped = false;
      }
      case OutputCap.Result.Effective effective -> {
        cap = effective.tokens();
        clamped = effective.clamped();
      }
    }
    Optional<String> unpriced =
        Pricing.unpricedBecause(row, Quote.bounds(request, row, policy, cap));
    return unpriced.isPresent()
        ? unpriced(provider, model, unpriced.get(), List.of())
        : judge(row, request, cap, clamped, reservation.expiresAt());
  }

  /// A retarget to a name that means no row.
  ///
  /// @param near rows that the caller may have meant
  public Result unknown(@Nullable String provider, String model, List<PriceReview.RowName> near) {
    return unpriced(provider, model, "no price is known for " + model, near);
  }

  /// A retarget to a model without a price is blocked. For an advisory tenant the call goes on and
  /// holds nothing, as with an ask for that model.
  private Result unpriced(
      @Nullable String provider, String model, String detail, List<PriceReview.RowName> near) {
    if (!isAdvisory()) {
      return unroutable(ProblemCode.PRICE_UNKNOWN, detail, near);
    }
    List<Hold> holds = new ArrayList<>();
    List<DecisionFacts.Touched> touched = new ArrayList<>();
    for (int i = 0; i < enforcedAccounts.size(); i++) {
      holds.add(new Hold(reservation.holds().get(i).account(), MicroUsd.ZERO));
      touched.add(facts.accounts().get(i).holding(MicroUsd.ZERO));
    }
    return new Result.Moved(
        new Reservation.Rehold(
            holds,
            holds.stream().map(hold -> Optional.<MicroUsd>empty()).toList(),
            MicroUsd.ZERO,
            reservation.expiresAt(),
            DecisionJson.write(facts.movedToUnpriced(provider, model, detail, touched)),
            ""));
  }

  private boolean isAdvisory() {
    return policy.mode() == Mode.ADVISORY_ESTIMATE;
  }

  private long heldCap() {
    return facts.effectiveMaxOutputTokens() == null ? 0 : facts.effectiveMaxOutputTokens();
  }

  /// The output cap to judge the other model with. It is the effective cap of the decision, or the
  /// client's own cap where the held model has no output.
  private @Nullable Long capToRetarget() {
    Long enforced = facts.effectiveMaxOutputTokens();
    Long asked = facts.clientRequestedMaxOutputTokens();
    return enforced != null && (enforced > 0 || (asked != null && asked == 0)) ? enforced : asked;
  }

  /// The same ask for another model or with another cap.
  private DecisionRequest request(
      @Nullable String provider, String model, @Nullable Long maxOutputTokens) {
    DecisionFacts.Asked asked = facts.asked();
    if (asked == null) {
      throw new IllegalStateException("decision " + reservation.id().hash() + " keeps no bounds");
    }
    boolean statesInput =
        asked.inputTokens() != null || asked.inputBytes() != null || asked.unboundedInput();
    return new DecisionRequest(
        provider,
        model,
        statesInput ? asked.inputTokens() : facts.inputTokens(),
        asked.inputBytes(),
        asked.unboundedInput(),
        asked.parts(),
        maxOutputTokens,
        asked.choices(),
        asked.units(),
        asked.serviceTier() == null ? facts.serviceTier() : asked.serviceTier(),
        asked.inferenceRegion(),
        asked.speed(),
        asked.billedTools(),
        Set.of(),
        null,
        facts.requestClass(),
        false,
        facts.userId(),
        facts.keyId(),
        facts.teamId(),
        facts.featureId(),
        null,
        null,
        reservation.explicitForward(),
        null,
        false);
  }

  private Result judge(
      Price row, DecisionRequest request, long cap, boolean clamped, Instant expiresAt) {
    Quote quote = Quote.of(row, request.model(), request, cap, clamped, policy);
    List<Integer> shorts = shorts(quote.estimate());
    String provider = request.provider() == null ? row.provider() : request.provider();
    return shorts.isEmpty()
        ? moved(row, provider, request.model(), cap, clamped, quote, expiresAt)
        : blocked(quote, shorts, largestFitting(row, request, cap));
  }

  private Result moved(
      Price row,
      String provider,
      String model,
      long capTokens,
      boolean clamped,
      @Nullable Quote quote,
      Instant expiresAt) {
    EnforcedAccount.Estimate estimate = quote == null ? null : quote.estimate();
    MicroUsd worst = estimate == null ? reservation.estimate() : estimate.worst();
    List<Hold> holds = new ArrayList<>();
    List<Optional<MicroUsd>> least = new ArrayList<>();
    List<DecisionFacts.Touched> touched = new ArrayList<>();
    for (int i = 0; i < enforcedAccounts.size(); i++) {
      Hold before = reservation.holds().get(i);
      MicroUsd amount = estimate == null ? before.amount() : enforcedAccounts.get(i).hold(estimate);
      holds.add(new Hold(before.account(), amount));
      least.add(leastAvailable(enforcedAccounts.get(i), amount.minus(before.amount())));
      touched.add(facts.accounts().get(i).holding(amount));
    }
    DecisionFacts next = facts.movedTo(provider, model, capTokens, clamped, quote, worst, touched);
    return new Result.Moved(
        new Reservation.Rehold(
            holds,
            least,
            worst,
            expiresAt,
            DecisionJson.write(next),
            DecisionJson.writePrice(row)));
  }

  private static Optional<MicroUsd> leastAvailable(EnforcedAccount enforced, MicroUsd change) {
    return switch (enforced.mode()) {
      case HARD_GATE -> Optional.of(change);
      case SOFT_GATE -> Optional.of(change.minus(enforced.margin()));
      case ADVISORY_ESTIMATE, ACTUALS_ONLY -> Optional.empty();
    };
  }

  /// The indexes of the accounts that have not enough available for a new estimate. Those that fall
  /// furthest short come first, equal ones in the order of the accounts.
  private List<Integer> shorts(EnforcedAccount.Estimate estimate) {
    return IntStream.range(0, enforcedAccounts.size())
        .filter(i -> shortfall(i, estimate).isPositive())
        .boxed()
        .sorted(Comparator.comparing((Integer i) -> shortfall(i, estimate)).reversed())
        .toList();
  }

  /// By how much an account falls short of the change; not positive where the change fits.
  private MicroUsd shortfall(int place, EnforcedAccount.Estimate estimate) {
    EnforcedAccount enforced = enforcedAccounts.get(place);
    Account account = enforced.account();
    if (estimate.free()) {
      return MicroUsd.ZERO;
    }
    if (enforced.mode() == Mode.ACTUALS_ONLY) {
      return enforced.shortfall(estimate);
    }
    MicroUsd change = enforced.hold(estimate).minus(reservation.holds().get(place).amount());
    return change.isPositive()
        ? leastAvailable(enforced, change)
            .map(least -> least.minus(account.available()))
            .orElse(MicroUsd.ZERO)
        : MicroUsd.ZERO;
  }

  private Result blocked(Quote quote, List<Integer> shorts, @Nullable Long fits) {
    EnforcedAccount.Estimate estimate = quote.estimate();
    List<Remedy> remedies = new ArrayList<>();
    if (shorts.stream()
        .allMatch(i -> enforcedAccounts.get(i).fitsWhenNothingIsInFlight(estimate))) {
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
    for (int i = 0; i < enforcedAccounts.size(); i++) {
      MicroUsd held = reservation.holds().get(i).amount();
      DecisionFacts.Touched seen = DecisionFacts.Touched.of(enforcedAccounts.get(i), MicroUsd.ZERO);
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
            detail,
            blocking,
            remedies.stream().map(Remedy::wireName).toList(),
            fits,
            null,
            List.of());
    return new Result.Blocked(
        facts
            .movedTo(
                provider(),
                model(),
                quote.capTokens(),
                quote.clamped(),
                quote,
                estimate.worst(),
                now)
            .blockedBy(ProblemCode.ceilingReached(now.get(blocking).scope()), block),
        block);
  }

  private Result unroutable(ProblemCode code, String detail, List<PriceReview.RowName> near) {
    // Only another model helps, so there is no remedy. A price that is set now does not apply,
    // because a change uses the prices of the decision's time.
    DecisionFacts.BlockFacts block =
        new DecisionFacts.BlockFacts(detail, null, List.of(), null, null, near);
    return new Result.Blocked(facts.blockedBy(code, block), block);
  }

  /// The largest output total above the held one and below the asked one that still fits; null
  /// where none fits, or where another model is asked for.
  private @Nullable Long largestFitting(Price row, DecisionRequest request, long asked) {
    if (!request.model().equals(model())) {
      return null;
    }
    long heldCap = heldCap();
    long fitting = heldCap;
    long tooMuch = asked;
    while (tooMuch - fitting > 1) {
      long middle = fitting + (tooMuch - fitting) / 2;
      if (shorts(Quote.of(row, model(), request, middle, false, policy).estimate()).isEmpty()) {
        fitting = middle;
      } else {
        tooMuch = middle;
      }
    }
    return fitting == heldCap ? null : fitting;
  }

  private String provider() {
    return facts.provider() == null ? "" : facts.provider();
  }

  private String model() {
    return facts.selectedModel() == null ? "" : facts.selectedModel();
  }
}
