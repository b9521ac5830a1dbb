package io.budgetauthority.decision;

import io.budgetauthority.ledger.Standing;
import io.budgetauthority.ledger.Take;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.price.Price;
import io.budgetauthority.price.PriceReview;
import io.budgetauthority.price.Pricing;
import io.budgetauthority.tenant.Mode;
import io.budgetauthority.tenant.Policy;
import io.budgetauthority.tenant.Scope;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The rules of protocol section 2, pure: an ask, the prices, the policy and the accounts as they
/// stand make a [Plan]. No clock, no I/O; the same question always has the same answer.
public final class Decider {

  /// Furthest short first; equal ones by scope, then day before month before total.
  private static Comparator<Standing> byShortfall(Standing.Estimate estimate) {
    return Comparator.comparing((Standing standing) -> standing.shortfall(estimate))
        .reversed()
        .thenComparing(standing -> standing.account().key().scope())
        .thenComparing(standing -> standing.account().key().window());
  }

  private Decider() {}

  /// Everything a decision depends on.
  ///
  /// @param row what the requested model means in the price table; null where nothing
  /// @param rules what the policy says of that row
  /// @param near rows that the caller may have meant, where there is none
  /// @param candidates the models that the policy lists for the requested one and that have a row
  /// @param standings every account that applies, the run's first
  public record Question(
      DecisionRequest request,
      Policy policy,
      @Nullable Price row,
      ModelRules rules,
      List<PriceReview.RowName> near,
      List<Candidate> candidates,
      List<Standing> standings) {
    public Question {
      near = List.copyOf(near);
      candidates = List.copyOf(candidates);
      standings = List.copyOf(standings);
    }

    boolean fits(Quote quote) {
      return standings.stream().noneMatch(standing -> standing.blocks(quote.estimate()));
    }
  }

  /// A listed alternative and its row.
  ///
  /// @param rules what the policy says of the row
  /// @param fromPercent the share of the run's limit from which it takes the requested model's
  ///   place before any block; null where it only does so instead of one
  public record Candidate(
      Policy.DowngradeRule.Alternative listed,
      Price row,
      ModelRules rules,
      @Nullable Integer fromPercent) {}

  public static Plan decide(Question question) {
    DecisionRequest request = question.request();
    Price row = question.row();
    if (row == null) {
      return unroutable(
          question, ProblemCode.PRICE_UNKNOWN, "no price is known for " + request.model());
    }
    if (!question.rules().allowed()) {
      return unroutable(
          question, ProblemCode.MODEL_NOT_ALLOWED, "the policy does not allow " + request.model());
    }
    if (!InputBound.isKnown(request, row)) {
      return unroutable(
          question,
          ProblemCode.PRICE_UNKNOWN,
          request.model() + " states no context window that would bound an unbounded input");
    }
    boolean advisory = question.policy().mode() == Mode.ADVISORY_ESTIMATE;
    ProblemCode warning = null;
    long capTokens;
    boolean clamped = false;
    switch (OutputCap.of(request, row, question.policy(), question.rules())) {
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
        Pricing.unpricedBecause(row, Quote.bounds(request, row, question.policy(), capTokens));
    if (unpriced.isPresent()) {
      return unroutable(question, ProblemCode.PRICE_UNKNOWN, unpriced.get());
    }
    Quote quote = Quote.of(row, request.model(), request, capTokens, clamped, question.policy());
    return judge(question, quote, warning);
  }

  private static Plan judge(Question question, Quote quote, @Nullable ProblemCode warning) {
    Standing.Estimate estimate = quote.estimate();
    Standing blocking = worstOf(question.standings(), estimate, true);
    if (blocking == null) {
      Optional<Quote> steppedDown = stepDown(question);
      if (steppedDown.isPresent()) {
        return grant(
            question, Plan.Kind.DOWNGRADE, steppedDown.get(), runOf(question.standings()), warning);
      }
      Standing over = worstOf(question.standings(), estimate, false);
      ProblemCode code =
          warning != null || over == null
              ? warning
              : ProblemCode.ceilingReached(over.account().key().scope());
      return grant(
          question, code == null ? Plan.Kind.ALLOW : Plan.Kind.ADVISORY_WARN, quote, over, code);
    }
    Optional<Quote> shrunk = clampToBudget(question, quote);
    if (shrunk.isPresent()) {
      return grant(
          question,
          warning == null ? Plan.Kind.ALLOW : Plan.Kind.ADVISORY_WARN,
          shrunk.get(),
          blocking,
          warning);
    }
    if (question.request().mayDowngrade()) {
      for (Candidate candidate : Alternatives.usable(question)) {
        Quote cheaper = Alternatives.quote(question, candidate);
        if (Alternatives.permitsClass(candidate, question.request()) && question.fits(cheaper)) {
          return grant(question, Plan.Kind.DOWNGRADE, cheaper, blocking, warning);
        }
      }
    }
    return block(question, quote, blocking);
  }

  /// A rule with `from_percent` applies once that share of the run's limit is committed or held.
  private static Optional<Quote> stepDown(Question question) {
    Standing run = runOf(question.standings());
    if (run == null || !question.request().mayDowngrade()) {
      return Optional.empty();
    }
    MicroUsd spent = run.account().committed().plus(run.account().reserved());
    for (Candidate candidate : Alternatives.usable(question)) {
      Integer percent = candidate.fromPercent();
      if (percent == null
          || !run.reaches(spent, percent)
          || !Alternatives.permitsClass(candidate, question.request())) {
        continue;
      }
      Quote cheaper = Alternatives.quote(question, candidate);
      if (question.fits(cheaper)) {
        return Optional.of(cheaper);
      }
    }
    return Optional.empty();
  }

  private static Plan grant(
      Question question,
      Plan.Kind kind,
      Quote quote,
      @Nullable Standing constrainedBy,
      @Nullable ProblemCode code) {
    List<Take> takes = new ArrayList<>();
    List<String> warnings = new ArrayList<>();
    for (Standing standing : question.standings()) {
      Take take = Take.of(standing, quote.estimate());
      takes.add(take);
      for (int percent : standing.crossedBy(take.hold())) {
        warnings.add(crossing(standing, percent));
      }
    }
    return new Plan.Grant(
        kind, quote, takes, constrainedBy, code, strictest(question), warnings, List.of());
  }

  private static String crossing(Standing standing, int percent) {
    String name = standing.account().key().scope().wireName() + " " + standing.account().key().id();
    return percent
        + "% of the "
        + standing.account().key().window().wireName()
        + " ceiling of "
        + name
        + " is committed or held";
  }

  private static Plan block(Question question, Quote quote, Standing blocking) {
    Standing.Estimate estimate = quote.estimate();
    List<Standing> blockers =
        question.standings().stream().filter(s -> s.blocks(estimate)).toList();
    List<Alternative> alternatives = Alternatives.of(question);
    Long smallerCap = largestFittingCap(question, quote);
    List<Remedy> remedies = new ArrayList<>();
    if (blockers.stream().allMatch(blocker -> blocker.fitsWhenNothingIsInFlight(estimate))) {
      remedies.add(Remedy.WAIT);
    }
    if (alternatives.stream().anyMatch(Alternative::fitsBudget)) {
      remedies.add(Remedy.DOWNGRADE);
    }
    if (smallerCap != null) {
      remedies.add(Remedy.REDUCE_OUTPUT);
    }
    boolean resets = blockers.stream().allMatch(blocker -> blocker.fitsAfterReset(estimate));
    if (resets) {
      remedies.add(Remedy.AFTER_RESET);
    }
    if (remedies.isEmpty()) {
      remedies.add(Remedy.RAISE_LIMIT);
    }
    return new Plan.Block(
        ProblemCode.ceilingReached(blocking.account().key().scope()),
        detail(quote, blocking),
        quote,
        blocking,
        blocking.mode(),
        remedies,
        alternatives,
        smallerCap,
        resets
            ? blockers.stream().map(Standing::resetsAt).max(Comparator.naturalOrder()).orElse(null)
            : null,
        List.of());
  }

  private static String detail(Quote quote, Standing blocking) {
    String account =
        blocking.account().key().scope().wireName()
            + " "
            + blocking.account().key().id()
            + " has "
            + blocking.account().available()
            + " USD left of "
            + blocking.account().limit();
    return blocking.mode() == Mode.ACTUALS_ONLY
        ? account + ", all of it spent"
        : "the call may cost " + quote.estimate().worst() + " USD; " + account;
  }

  /// What cannot be priced or is not allowed blocks, except under an advisory tenant, which is
  /// warned and holds nothing.
  private static Plan unroutable(Question question, ProblemCode code, String detail) {
    if (question.policy().mode() == Mode.ADVISORY_ESTIMATE) {
      List<Take> takes = question.standings().stream().map(Take::ofNothing).toList();
      return new Plan.Grant(
          Plan.Kind.ADVISORY_WARN,
          null,
          takes,
          null,
          code,
          strictest(question),
          List.of(detail),
          List.of());
    }
    List<Alternative> alternatives = Alternatives.of(question);
    List<Remedy> remedies = new ArrayList<>();
    if (alternatives.stream().anyMatch(Alternative::fitsBudget)) {
      remedies.add(Remedy.DOWNGRADE);
    }
    if (code == ProblemCode.PRICE_UNKNOWN) {
      remedies.add(Remedy.PRICE_MODEL);
    }
    return new Plan.Block(
        code,
        detail,
        null,
        null,
        strictest(question),
        remedies,
        alternatives,
        null,
        null,
        code == ProblemCode.PRICE_UNKNOWN ? question.near() : List.of());
  }

  private static Optional<Quote> clampToBudget(Question question, Quote quote) {
    Policy.OutputCapRules rules = question.policy().outputCap();
    if (!rules.budgetClamping()) {
      return Optional.empty();
    }
    Long cap = largestFittingCap(question, quote);
    if (cap == null || cap < rules.minClampedOutputTokens()) {
      return Optional.empty();
    }
    boolean clamped = question.request().maxOutputTokens() != null;
    return Optional.of(
        Quote.of(quote.row(), quote.model(), question.request(), cap, clamped, question.policy()));
  }

  /// The largest cap that fits every account, below that of a quote which does not; null where none
  /// does. The worst case never falls as the cap rises, so a search by halves finds it.
  private static @Nullable Long largestFittingCap(Question question, Quote quote) {
    long fitting = 0;
    long tooMuch = quote.capTokens();
    while (tooMuch - fitting > 1) {
      long middle = fitting + (tooMuch - fitting) / 2;
      Quote smaller =
          Quote.of(
              quote.row(), quote.model(), question.request(), middle, false, question.policy());
      if (question.fits(smaller)) {
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

  /// The account that falls furthest short among those that block, or among all that are over.
  private static @Nullable Standing worstOf(
      List<Standing> standings, Standing.Estimate estimate, boolean blockingOnly) {
    Standing worst = null;
    Comparator<Standing> order = byShortfall(estimate);
    for (Standing standing : standings) {
      boolean counts = blockingOnly ? standing.blocks(estimate) : standing.isOver(estimate);
      if (counts && (worst == null || order.compare(standing, worst) < 0)) {
        worst = standing;
      }
    }
    return worst;
  }

  private static @Nullable Standing runOf(List<Standing> standings) {
    return standings.stream()
        .filter(standing -> standing.account().key().scope() == Scope.RUN)
        .findFirst()
        .orElse(null);
  }

  private static Mode strictest(Question question) {
    Mode strictest = null;
    for (Standing standing : question.standings()) {
      if (strictest == null || standing.mode().isStricterThan(strictest)) {
        strictest = standing.mode();
      }
    }
    return strictest == null ? question.policy().mode() : strictest;
  }
}
