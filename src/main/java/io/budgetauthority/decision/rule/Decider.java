package io.budgetauthority.decision.rule;

import io.budgetauthority.ledger.account.ConditionalHold;
import io.budgetauthority.ledger.account.Enforced;
import io.budgetauthority.ledger.account.EnforcedAccount;
import io.budgetauthority.ledger.account.EnforcedRate;
import io.budgetauthority.ledger.account.RateHold;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.price.Price;
import io.budgetauthority.price.PriceTable;
import io.budgetauthority.price.RowName;
import io.budgetauthority.price.cost.Pricing;
import io.budgetauthority.record.Alternative;
import io.budgetauthority.record.ProblemCode;
import io.budgetauthority.record.Remedy;
import io.budgetauthority.record.Verdict;
import io.budgetauthority.tenant.CeilingWindow;
import io.budgetauthority.tenant.Mode;
import io.budgetauthority.tenant.Policy;
import io.budgetauthority.tenant.Scope;
import java.math.BigInteger;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Decides an ask by the rules of protocol.md#ask. It makes a [Plan] from the ask, the prices, the
/// policy and the accounts. It is pure: it uses no clock and no I/O, and the same input always
/// gives the same plan.
public final class Decider {

  /// What falls furthest short comes first. Equal ones are ordered by scope, then from the hour to
  /// the total, then rates by name.
  private static Comparator<Enforced> byShortfall(Enforced.Estimate estimate) {
    return Comparator.comparing((Enforced enforced) -> enforced.shortfall(estimate))
        .reversed()
        .thenComparing(enforced -> enforced.name().scope())
        .thenComparing(enforced -> enforced.name().window(), CeilingWindow.ORDER);
  }

  private Decider() {}

  /// Everything a decision depends on.
  ///
  /// @param row the row that the requested model's name means; null where it means none
  /// @param rules what the policy says about that row
  /// @param near rows that the caller may have meant, where `row` is null
  /// @param candidates the models that the policy lists for the requested one and that have a row
  /// @param enforced every account and rate that applies, the account of the run first
  public record Input(
      DecisionRequest request,
      Policy policy,
      @Nullable Price row,
      ModelRules rules,
      List<RowName> near,
      List<Candidate> candidates,
      List<Enforced> enforced) {
    public Input {
      near = List.copyOf(near);
      candidates = List.copyOf(candidates);
      enforced = List.copyOf(enforced);
    }

    /// The question about one ask.
    ///
    /// @param names what names mean to the tenant
    public static Input of(
        DecisionRequest request,
        Policy policy,
        PriceTable table,
        @Nullable Price row,
        Candidates.Prices names,
        List<Candidate> candidates,
        List<Enforced> enforced) {
      return new Input(
          request,
          policy,
          row,
          row == null ? ModelRules.NO_ROW : ModelRules.of(policy, row, names),
          row == null ? table.near(request.model()) : List.of(),
          candidates,
          enforced);
    }

    boolean fits(Quote quote) {
      return enforced.stream().noneMatch(one -> one.blocks(quote.estimate()));
    }

    /// The accounts alone.
    List<EnforcedAccount> accounts() {
      return enforced.stream()
          .filter(EnforcedAccount.class::isInstance)
          .map(EnforcedAccount.class::cast)
          .toList();
    }

    /// The rates alone.
    List<EnforcedRate> rates() {
      return enforced.stream()
          .filter(EnforcedRate.class::isInstance)
          .map(EnforcedRate.class::cast)
          .toList();
    }
  }

  /// A listed alternative and its row.
  ///
  /// @param rules what the policy says about the row
  /// @param fromPercent the percentage of the run's limit from which it replaces the requested
  ///   model although no account blocks; null where it replaces that model only instead of a block
  public record Candidate(
      Policy.DowngradeRule.Alternative listed,
      Price row,
      ModelRules rules,
      @Nullable Integer fromPercent) {}

  public static Plan decide(Input input) {
    DecisionRequest request = input.request();
    Price row = input.row();
    if (row == null) {
      return unroutable(
          input, ProblemCode.PRICE_UNKNOWN, "no price is known for " + request.model());
    }
    if (!input.rules().allowed()) {
      return unroutable(
          input, ProblemCode.MODEL_NOT_ALLOWED, "the policy does not allow " + request.model());
    }
    if (!InputBound.isKnown(request, row)) {
      return unroutable(
          input,
          ProblemCode.PRICE_UNKNOWN,
          request.model() + " states no context window that would bound an unbounded input");
    }
    boolean advisory = input.policy().mode() == Mode.ADVISORY_ESTIMATE;
    ProblemCode warning = null;
    long capTokens;
    boolean clamped = false;
    switch (OutputCap.of(request, row, input.policy(), input.rules())) {
      case OutputCap.Result.Refused refused when !advisory -> {
        return new Plan.Refuse(refused.code(), refused.reason());
      }
      case OutputCap.Result.Refused refused -> {
        warning = refused.code();
        capTokens = advisoryCap(request, row);
      }
      case OutputCap.Result.Effective effective -> {
        capTokens = effective.tokens();
        clamped = effective.clamped();
      }
    }
    Optional<String> unpriced =
        Pricing.unpricedBecause(row, Quote.bounds(request, row, input.policy(), capTokens));
    if (unpriced.isPresent()) {
      return unroutable(input, ProblemCode.PRICE_UNKNOWN, unpriced.get());
    }
    Quote quote = Quote.of(row, request.model(), request, capTokens, clamped, input.policy());
    return judge(input, quote, warning);
  }

  private static Plan judge(Input input, Quote quote, @Nullable ProblemCode warning) {
    Enforced.Estimate estimate = quote.estimate();
    Enforced blocking = worstOf(input.enforced(), estimate, true);
    if (blocking == null) {
      EnforcedAccount run = runOf(input);
      List<Candidate> early = run == null ? List.of() : early(input);
      Optional<Quote> steppedDown = run == null ? Optional.empty() : stepDown(input, run, early);
      if (steppedDown.isPresent()) {
        return grant(input, Verdict.Kind.DOWNGRADE, steppedDown.get(), run, warning);
      }
      Enforced over = worstOf(input.enforced(), estimate, false);
      ProblemCode code =
          warning != null || over == null
              ? warning
              : ProblemCode.ceilingReached(over.name().scope());
      Verdict.Kind kind = code == null ? Verdict.Kind.ALLOW : Verdict.Kind.ADVISORY_WARN;
      return grant(input, kind, quote, over, code, !early.isEmpty());
    }
    Optional<Quote> shrunk = clampToBudget(input, quote);
    if (shrunk.isPresent()) {
      return grant(
          input,
          warning == null ? Verdict.Kind.ALLOW : Verdict.Kind.ADVISORY_WARN,
          shrunk.get(),
          blocking,
          warning);
    }
    if (input.request().mayDowngrade()) {
      for (Candidate candidate : Alternatives.usable(input)) {
        Quote cheaper = Alternatives.quote(input, candidate);
        if (Alternatives.permitsClass(candidate, input.request()) && input.fits(cheaper)) {
          return grant(input, Verdict.Kind.DOWNGRADE, cheaper, blocking, warning);
        }
      }
    }
    return block(input, quote, blocking);
  }

  /// The alternatives that replace the requested model from a share of the run's limit on.
  private static List<Candidate> early(Input input) {
    return input.request().mayDowngrade()
        ? Alternatives.usable(input).stream()
            .filter(candidate -> candidate.fromPercent() != null)
            .filter(candidate -> Alternatives.permitsClass(candidate, input.request()))
            .toList()
        : List.of();
  }

  /// A rule with `from_percent` applies once that share of the run's limit is committed or held.
  private static Optional<Quote> stepDown(Input input, EnforcedAccount run, List<Candidate> early) {
    MicroUsd spent = run.account().committed().plus(run.account().reserved());
    for (Candidate candidate : early) {
      Integer percent = candidate.fromPercent();
      if (percent != null && run.reaches(spent, percent)) {
        Quote cheaper = Alternatives.quote(input, candidate);
        if (input.fits(cheaper)) {
          return Optional.of(cheaper);
        }
      }
    }
    return Optional.empty();
  }

  private static Plan grant(
      Input input,
      Verdict.Kind kind,
      Quote quote,
      @Nullable Enforced constrainedBy,
      @Nullable ProblemCode code) {
    return grant(input, kind, quote, constrainedBy, code, false);
  }

  private static Plan grant(
      Input input,
      Verdict.Kind kind,
      Quote quote,
      @Nullable Enforced constrainedBy,
      @Nullable ProblemCode code,
      boolean isByRunSum) {
    List<ConditionalHold> holds = new ArrayList<>();
    List<String> warnings = new ArrayList<>();
    for (EnforcedAccount enforced : input.accounts()) {
      ConditionalHold hold = ConditionalHold.of(enforced, quote.estimate());
      holds.add(hold);
      for (int percent : enforced.crossedBy(hold.hold())) {
        warnings.add(crossing(enforced, percent));
      }
    }
    return new Plan.Grant(
        new Verdict.Granted(kind, code, constrainedBy == null ? null : constrainedBy.name()),
        quote,
        holds,
        input.rates().stream().map(rate -> RateHold.of(rate, quote.estimate())).toList(),
        strictest(input),
        warnings,
        isByRunSum);
  }

  private static String crossing(EnforcedAccount enforced, int percent) {
    String name = enforced.account().key().scope().wireName() + " " + enforced.account().key().id();
    return percent
        + "% of the "
        + enforced.account().key().window().wireName()
        + " ceiling of "
        + name
        + " is committed or held";
  }

  private static Plan block(Input input, Quote quote, Enforced blocking) {
    Enforced.Estimate estimate = quote.estimate();
    List<Enforced> blockers = input.enforced().stream().filter(s -> s.blocks(estimate)).toList();
    List<Alternative> alternatives = Alternatives.of(input);
    Long smallerCap = largestFittingCap(input, quote);
    List<Remedy> remedies = new ArrayList<>();
    Enforced.Estimate least = leastClamped(input, quote);
    if (blockers.stream().allMatch(blocker -> blocker.fitsByWaiting(least))) {
      remedies.add(Remedy.WAIT);
    }
    if (alternatives.stream().anyMatch(Alternative::fitsBudget)) {
      remedies.add(Remedy.DOWNGRADE);
    }
    if (smallerCap != null) {
      remedies.add(Remedy.REDUCE_OUTPUT);
    }
    boolean resets =
        blockers.stream().allMatch(blocker -> fitsAt(blocker, estimate, least) != null);
    if (resets && blockers.stream().anyMatch(EnforcedAccount.class::isInstance)) {
      remedies.add(Remedy.AFTER_RESET);
    }
    if (remedies.isEmpty()) {
      remedies.add(Remedy.RAISE_LIMIT);
    }
    return new Plan.Block(
        new Verdict.Block(
            ProblemCode.ceilingReached(blocking.name().scope()),
            detail(quote, blocking),
            blocking.name(),
            remedies,
            smallerCap,
            resets
                ? blockers.stream()
                    .map(blocker -> fitsAt(blocker, estimate, least))
                    .filter(Objects::nonNull)
                    .max(Comparator.naturalOrder())
                    .orElse(null)
                : null,
            remedies.contains(Remedy.WAIT) ? waitUntil(blockers, least) : null,
            alternatives,
            List.of()),
        quote,
        least,
        blocking.mode());
  }

  /// When the call would fit one that blocks. A rate waits for the least that budget clamping would
  /// leave of the call.
  private static @Nullable Instant fitsAt(
      Enforced blocker, Enforced.Estimate estimate, Enforced.Estimate least) {
    return switch (blocker) {
      case EnforcedAccount account -> account.fitsAt(estimate);
      case EnforcedRate rate -> rate.fitsAt(least);
    };
  }

  /// When the rates among what blocks have refilled enough; null where there is none.
  private static @Nullable Instant waitUntil(List<Enforced> blockers, Enforced.Estimate estimate) {
    return blockers.stream()
        .filter(EnforcedRate.class::isInstance)
        .map(rate -> rate.fitsAt(estimate))
        .filter(Objects::nonNull)
        .max(Comparator.naturalOrder())
        .orElse(null);
  }

  private static String detail(Quote quote, Enforced blocking) {
    return blocking.mode() == Mode.ACTUALS_ONLY
        ? blocking.shortfallInWords()
        : "the call may cost " + quote.estimate().worst() + " USD; " + blocking.shortfallInWords();
  }

  /// A call of a model that has no price or is not allowed is blocked. For an advisory tenant it is
  /// let through with a warning and holds nothing.
  private static Plan unroutable(Input input, ProblemCode code, String detail) {
    if (input.policy().mode() == Mode.ADVISORY_ESTIMATE) {
      return new Plan.Grant(
          new Verdict.Granted(Verdict.Kind.ADVISORY_WARN, code, null),
          null,
          input.accounts().stream().map(ConditionalHold::zero).toList(),
          input.rates().stream().map(rate -> RateHold.ofCharge(rate, BigInteger.ZERO)).toList(),
          strictest(input),
          List.of(detail),
          false);
    }
    List<Alternative> alternatives = Alternatives.of(input);
    List<Remedy> remedies = new ArrayList<>();
    if (alternatives.stream().anyMatch(Alternative::fitsBudget)) {
      remedies.add(Remedy.DOWNGRADE);
    }
    if (code == ProblemCode.PRICE_UNKNOWN) {
      remedies.add(Remedy.PRICE_MODEL);
    }
    return new Plan.Block(
        new Verdict.Block(
            code,
            detail,
            null,
            remedies,
            null,
            null,
            null,
            alternatives,
            code == ProblemCode.PRICE_UNKNOWN ? input.near() : List.of()),
        null,
        null,
        strictest(input));
  }

  /// The least estimate that the call may have: under the smallest cap that budget clamping gives,
  /// or the quote itself where the policy does not clamp.
  private static Enforced.Estimate leastClamped(Input input, Quote quote) {
    Policy.OutputCapRules rules = input.policy().outputCap();
    long cap = Math.min(quote.capTokens(), rules.minClampedOutputTokens());
    return rules.budgetClamping()
        ? Quote.of(quote.row(), quote.model(), input.request(), cap, true, input.policy())
            .estimate()
        : quote.estimate();
  }

  private static Optional<Quote> clampToBudget(Input input, Quote quote) {
    Policy.OutputCapRules rules = input.policy().outputCap();
    if (!rules.budgetClamping()) {
      return Optional.empty();
    }
    Long cap = largestFittingCap(input, quote);
    if (cap == null || cap < rules.minClampedOutputTokens()) {
      return Optional.empty();
    }
    boolean clamped = input.request().maxOutputTokens() != null;
    return Optional.of(
        Quote.of(quote.row(), quote.model(), input.request(), cap, clamped, input.policy()));
  }

  /// The largest output cap that fits every account, for a quote whose own cap does not fit; null
  /// where none fits. The worst case never falls as the cap rises, so a binary search finds it.
  private static @Nullable Long largestFittingCap(Input input, Quote quote) {
    long fitting = 0;
    long tooMuch = quote.capTokens();
    while (tooMuch - fitting > 1) {
      long middle = fitting + (tooMuch - fitting) / 2;
      Quote smaller =
          Quote.of(quote.row(), quote.model(), input.request(), middle, false, input.policy());
      if (input.fits(smaller)) {
        fitting = middle;
      } else {
        tooMuch = middle;
      }
    }
    return fitting == 0 ? null : fitting;
  }

  private static long advisoryCap(DecisionRequest request, Price row) {
    long limit = row.outputLimitTokens() == null ? Long.MAX_VALUE : row.outputLimitTokens();
    if (request.maxOutputTokens() != null) {
      return Math.min(request.maxOutputTokens(), limit);
    }
    return limit == Long.MAX_VALUE ? 0 : limit;
  }

  /// What falls furthest short among what blocks, or among all that the call does not fit.
  private static @Nullable Enforced worstOf(
      List<Enforced> enforced, Enforced.Estimate estimate, boolean blockingOnly) {
    Enforced worst = null;
    Comparator<Enforced> order = byShortfall(estimate);
    for (Enforced one : enforced) {
      boolean counts = blockingOnly ? one.blocks(estimate) : one.isOver(estimate);
      if (counts && (worst == null || order.compare(one, worst) < 0)) {
        worst = one;
      }
    }
    return worst;
  }

  private static @Nullable EnforcedAccount runOf(Input input) {
    return input.accounts().stream()
        .filter(enforced -> enforced.account().key().scope() == Scope.RUN)
        .findFirst()
        .orElse(null);
  }

  private static Mode strictest(Input input) {
    Mode strictest = null;
    for (Enforced enforced : input.enforced()) {
      if (strictest == null || enforced.mode().isStricterThan(strictest)) {
        strictest = enforced.mode();
      }
    }
    return strictest == null ? input.policy().mode() : strictest;
  }
}
