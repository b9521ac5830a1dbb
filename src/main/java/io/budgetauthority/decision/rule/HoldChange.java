package io.budgetauthority.decision.rule;

import io.budgetauthority.ledger.Reservation;
import io.budgetauthority.ledger.Snapshot;
import io.budgetauthority.ledger.account.Account;
import io.budgetauthority.ledger.account.Enforced;
import io.budgetauthority.ledger.account.EnforcedAccount;
import io.budgetauthority.ledger.account.EnforcedRate;
import io.budgetauthority.ledger.account.Placement;
import io.budgetauthority.ledger.account.Posting;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.price.Price;
import io.budgetauthority.price.RowName;
import io.budgetauthority.price.cost.Pricing;
import io.budgetauthority.record.AccountName;
import io.budgetauthority.record.AccountShare;
import io.budgetauthority.record.Asked;
import io.budgetauthority.record.Decision;
import io.budgetauthority.record.ProblemCode;
import io.budgetauthority.record.RateShare;
import io.budgetauthority.record.Remedy;
import io.budgetauthority.record.Share;
import io.budgetauthority.record.Verdict;
import io.budgetauthority.tenant.Mode;
import io.budgetauthority.tenant.Policy;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// The rules for moving an open hold to more output (`extend`) or to another model (`retarget`)
/// (protocol.md#retarget). Pure. A change is judged as an ask would be: by the bounds as the ask
/// stated them, the window and the limits of the row, and the policy as it is now. The new worst
/// case is held under the conditions of the decision. Each account is judged in the mode that it
/// had at the decision.
public final class HoldChange {

  private final Reservation reservation;
  private final Decision decision;
  private final Asked asked;
  private final Policy policy;
  private final Instant now;
  private final List<Held> accounts;
  private final List<HeldRate> rates;

  /// An account's or a rate's share of the decision, and what the ledger has of it now.
  private sealed interface Holding {
    Share share();

    Enforced now();
  }

  private record Held(AccountShare share, EnforcedAccount now) implements Holding {}

  private record HeldRate(RateShare share, EnforcedRate now) implements Holding {}

  /// @param asked the bounds of the decision's ask
  /// @param seen the accounts and rates of the reservation as they are now
  public HoldChange(
      Reservation reservation, Asked asked, Policy policy, Snapshot seen, Instant now) {
    this.reservation = reservation;
    this.decision = reservation.decision();
    this.asked = asked;
    this.policy = policy;
    this.now = now;
    this.rates =
        decision.rates().stream().map(share -> new HeldRate(share, now(share, seen))).toList();
    this.accounts = new ArrayList<>();
    for (AccountShare share : decision.accounts()) {
      Account account = seen.accounts().get(share.key(reservation.tenantId()).head());
      if (account == null) {
        throw new IllegalStateException("an account of " + reservation.id().hash() + " is missing");
      }
      accounts.add(new Held(share, EnforcedAccount.of(share, account)));
    }
  }

  private EnforcedRate now(RateShare share, Snapshot seen) {
    String tenantId = reservation.tenantId();
    return EnforcedRate.of(
        tenantId, share, seen.rates().get(EnforcedRate.keyOf(tenantId, share)), now);
  }

  /// The outcome of a change.
  public sealed interface Result {
    record Moved(Reservation.Rehold to) implements Result {}

    /// The shards of an account changed while they were read. They must be read again.
    record Stale() implements Result {}

    /// An account has not enough available for the change, or the model has no price or is not
    /// allowed.
    ///
    /// @param decision the decision with the balances seen now, and with the block
    record Blocked(Decision decision, Verdict.Block block) implements Result {}

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
      return moved(row, decision.model(), decision.tokens(), null, expiresAt);
    }
    if (!rules.allowed() && !isAdvisory()) {
      return unroutable(
          ProblemCode.MODEL_NOT_ALLOWED, "the policy does not allow " + model(), List.of());
    }
    DecisionRequest request = request(decision.model().provider(), model(), outputTokens);
    switch (OutputCap.of(request, row, policy, rules)) {
      case OutputCap.Result.Refused refused when !isAdvisory() -> {
        return new Result.Refused(refused.code(), refused.reason());
      }
      case OutputCap.Result.Refused refused -> {
        return judge(row, request, outputTokens, false, expiresAt);
      }
      case OutputCap.Result.Effective effective -> {
        return effective.tokens() <= heldCap
            ? moved(row, decision.model(), tokens(heldCap, true), null, expiresAt)
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
  public Result unknown(@Nullable String provider, String model, List<RowName> near) {
    return unpriced(provider, model, "no price is known for " + model, near);
  }

  /// A retarget to a model without a price is blocked. For an advisory tenant the call goes on and
  /// holds nothing, as with an ask for that model.
  private Result unpriced(
      @Nullable String provider, String model, String detail, List<RowName> near) {
    if (!isAdvisory()) {
      return unroutable(ProblemCode.PRICE_UNKNOWN, detail, near);
    }
    List<AccountShare> empty =
        decision.accounts().stream().map(share -> share.holding(MicroUsd.ZERO)).toList();
    List<RateShare> emptyRates =
        decision.rates().stream().map(share -> share.holding(MicroUsd.ZERO)).toList();
    return new Result.Moved(
        new Reservation.Rehold(
            decision.movedToUnpriced(
                decision.model().movedTo(provider, model), detail, empty, emptyRates),
            null,
            Map.of(),
            Set.of(),
            reservation.expiresAt(),
            now));
  }

  private boolean isAdvisory() {
    return policy.mode() == Mode.ADVISORY_ESTIMATE;
  }

  private String model() {
    return Objects.requireNonNull(decision.model().held(), "a call that holds has a model");
  }

  private long heldCap() {
    Long cap = decision.tokens().effectiveOutput();
    return cap == null ? 0 : cap;
  }

  /// The bounds of the decision under another output cap.
  private Decision.Tokens tokens(long cap, boolean clamped) {
    Decision.Tokens held = decision.tokens();
    return new Decision.Tokens(held.input(), held.basis(), held.requestedOutput(), cap, clamped);
  }

  /// The output cap to judge the other model with. It is the effective cap of the decision, or the
  /// client's own cap where the held model has no output.
  private @Nullable Long capToRetarget() {
    Long enforced = decision.tokens().effectiveOutput();
    Long requested = decision.tokens().requestedOutput();
    return enforced != null && (enforced > 0 || (requested != null && requested == 0))
        ? enforced
        : requested;
  }

  /// The same ask for another model or with another cap.
  private DecisionRequest request(
      @Nullable String provider, String model, @Nullable Long maxOutputTokens) {
    return new StoredAsk(decision, asked)
        .request(provider, model, maxOutputTokens, false, reservation.explicitForward());
  }

  private Result judge(
      Price row, DecisionRequest request, long cap, boolean clamped, Instant expiresAt) {
    Quote quote = Quote.of(row, request.model(), request, cap, clamped, policy);
    List<Holding> shorts = shorts(quote.estimate());
    String provider = request.provider() == null ? row.provider() : request.provider();
    return shorts.isEmpty()
        ? moved(
            row,
            decision.model().movedTo(provider, request.model()),
            tokens(quote),
            quote,
            expiresAt)
        : blocked(quote, shorts, largestFitting(row, request, cap));
  }

  private Decision.Tokens tokens(Quote quote) {
    Decision.Tokens held = decision.tokens();
    return new Decision.Tokens(
        quote.inputTokens(),
        held.basis(),
        held.requestedOutput(),
        quote.capTokens(),
        quote.clamped());
  }

  /// @param quote the quote that the new amounts come from; null where they stay
  private Result moved(
      Price row,
      Decision.Model model,
      Decision.Tokens tokens,
      @Nullable Quote quote,
      Instant expiresAt) {
    List<AccountShare> shares = decision.accounts();
    List<RateShare> rateShares = decision.rates();
    Map<AccountName, MicroUsd> least = new HashMap<>();
    Set<AccountName> gatedRates = new HashSet<>();
    Map<AccountName, MicroUsd> gained = new HashMap<>();
    List<Posting> given = new ArrayList<>();
    if (quote != null) {
      rateShares =
          rates.stream()
              .map(rate -> rate.share().holding(rate.now().hold(quote.estimate())))
              .toList();
      if (!quote.estimate().free()) {
        rates.stream()
            .filter(rate -> rate.now().mode() != Mode.ADVISORY_ESTIMATE)
            .forEach(rate -> gatedRates.add(rate.share().name()));
      }
      shares = new ArrayList<>();
      for (Held account : accounts) {
        AccountShare share = account.share();
        MicroUsd amount = account.now().hold(quote.estimate());
        MicroUsd change = amount.minus(share.hold());
        Optional<MicroUsd> available = leastAvailable(account.now(), change);
        if (available.isPresent() && change.isPositive()) {
          least.put(share.name(), available.get());
          Optional<Placement> placement = account.now().placement(available.get());
          if (placement.isEmpty()) {
            return new Result.Stale();
          }
          gained.put(share.name(), placement.get().gets());
          given.addAll(account.now().givenBy(placement.get()));
        }
        shares.add(share.holding(amount));
      }
    }
    Decision next =
        decision.movedTo(
            model,
            tokens,
            quote == null ? decision.service() : quote.service(),
            quote == null ? reservation.estimate() : quote.estimate().worst(),
            shares,
            rateShares);
    return new Result.Moved(
        new Reservation.Rehold(
            next,
            row,
            least,
            new Reservation.LimitMoves(gained, given),
            gatedRates,
            expiresAt,
            now));
  }

  private static Optional<MicroUsd> leastAvailable(EnforcedAccount enforced, MicroUsd change) {
    return switch (enforced.mode()) {
      case HARD_GATE -> Optional.of(change);
      case SOFT_GATE -> Optional.of(change.minus(enforced.margin()));
      case ADVISORY_ESTIMATE, ACTUALS_ONLY -> Optional.empty();
    };
  }

  /// The accounts and rates that have not enough available for a new estimate. Those that fall
  /// furthest short come first, equal ones in their order.
  private List<Holding> shorts(Enforced.Estimate estimate) {
    return Stream.<Holding>concat(accounts.stream(), rates.stream())
        .filter(holding -> shortfall(holding, estimate).isPositive())
        .sorted(Comparator.comparing((Holding it) -> shortfall(it, estimate)).reversed())
        .toList();
  }

  /// By how much an account or a rate falls short of the change; not positive where the change
  /// fits.
  private static MicroUsd shortfall(Holding holding, Enforced.Estimate estimate) {
    Enforced now = holding.now();
    if (estimate.free()) {
      return MicroUsd.ZERO;
    }
    if (now.mode() == Mode.ACTUALS_ONLY) {
      return now.shortfall(estimate);
    }
    MicroUsd change = now.hold(estimate).minus(holding.share().hold());
    if (!change.isPositive()) {
      return MicroUsd.ZERO;
    }
    return switch (now) {
      case EnforcedAccount account ->
          leastAvailable(account, change)
              .map(least -> least.minus(account.account().available()))
              .orElse(MicroUsd.ZERO);
      case EnforcedRate rate ->
          rate.mode() == Mode.ADVISORY_ESTIMATE ? MicroUsd.ZERO : change.minus(rate.available());
    };
  }

  private Result blocked(Quote quote, List<Holding> shorts, @Nullable Long fits) {
    Enforced.Estimate estimate = quote.estimate();
    List<Remedy> remedies = new ArrayList<>();
    if (shorts.stream().allMatch(it -> fitsByWaiting(it, estimate))) {
      remedies.add(Remedy.WAIT);
    }
    if (fits != null) {
      remedies.add(Remedy.REDUCE_OUTPUT);
    }
    if (remedies.isEmpty()) {
      remedies.add(Remedy.RAISE_LIMIT);
    }
    List<AccountShare> seen =
        accounts.stream()
            .map(it -> it.now().sharing(MicroUsd.ZERO).holding(it.share().hold()))
            .toList();
    List<RateShare> seenRates =
        rates.stream()
            .map(
                it ->
                    it.now()
                        .sharingBlock(change(estimate, it.share()))
                        .holding(it.share().hold())
                        .taking(it.share().taken()))
            .toList();
    Enforced blocking = shorts.getFirst().now();
    AccountName name = blocking.name();
    String detail =
        "the call may now cost "
            + estimate.worst()
            + " USD; "
            + blocking.shortfallInWords()
            + ", beside what the call holds";
    Verdict.Block block =
        new Verdict.Block(
            ProblemCode.ceilingReached(name.scope()),
            detail,
            name,
            remedies,
            fits,
            null,
            remedies.contains(Remedy.WAIT) ? waitUntil(shorts, estimate) : null,
            List.of(),
            List.of());
    Decision moved =
        decision.movedTo(
            decision.model(), tokens(quote), quote.service(), estimate.worst(), seen, seenRates);
    return new Result.Blocked(moved.with(block), block);
  }

  /// An account counts the call's own hold as in flight. A rate refills it like any other.
  private static boolean fitsByWaiting(Holding holding, Enforced.Estimate estimate) {
    return switch (holding) {
      case Held account -> account.now().fitsByWaiting(estimate);
      case HeldRate rate -> rate.now().fitsByWaiting(change(estimate, rate.share()));
    };
  }

  private static @Nullable Instant waitUntil(List<Holding> shorts, Enforced.Estimate estimate) {
    return shorts.stream()
        .filter(HeldRate.class::isInstance)
        .map(it -> it.now().fitsAt(change(estimate, ((HeldRate) it).share())))
        .filter(Objects::nonNull)
        .max(Comparator.naturalOrder())
        .orElse(null);
  }

  /// What a change needs beside what is held.
  private static Enforced.Estimate change(Enforced.Estimate estimate, RateShare share) {
    return new Enforced.Estimate(
        moreThan(estimate.worst(), share), moreThan(estimate.expected(), share), estimate.free());
  }

  private static MicroUsd moreThan(MicroUsd amount, RateShare share) {
    MicroUsd more = amount.minus(share.hold());
    return more.isNegative() ? MicroUsd.ZERO : more;
  }

  private Result unroutable(ProblemCode code, String detail, List<RowName> near) {
    // Only another model helps, so there is no remedy. A price that is set now does not apply,
    // because a change uses the prices of the decision's time.
    Verdict.Block block =
        new Verdict.Block(code, detail, null, List.of(), null, null, null, List.of(), near);
    return new Result.Blocked(decision.with(block), block);
  }

  /// The largest output total above the held one and below the asked one that still fits; null
  /// where none fits, or where another model is asked for.
  private @Nullable Long largestFitting(Price row, DecisionRequest request, long wanted) {
    if (!request.model().equals(decision.model().selected())) {
      return null;
    }
    long heldCap = heldCap();
    long fitting = heldCap;
    long tooMuch = wanted;
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
}
