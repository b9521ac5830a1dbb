package io.budgetauthority.ledger;

import io.budgetauthority.ledger.account.Posting;
import io.budgetauthority.ledger.account.RateMove;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.price.Price;
import io.budgetauthority.record.AccountKey;
import io.budgetauthority.record.AccountName;
import io.budgetauthority.record.AccountShare;
import io.budgetauthority.record.Charge;
import io.budgetauthority.record.CopiedByBuilder;
import io.budgetauthority.record.Decision;
import io.budgetauthority.record.RateShare;
import io.budgetauthority.record.Verdict;
import io.budgetauthority.tenant.Caller;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// One decision with its reservation and its idempotency record, and the pure state machine of
/// protocol.md#states. A transition gives the next state and its postings. The ledger writes both
/// in one transaction, under the condition that the revision is still the one that they were
/// computed from. A step that is repeated is [Step.Unchanged].
///
/// @param requestHash a hash of the request, to tell a replay from a reused key
/// @param nonce a random value of whoever made the item, so that a writer whose answer was lost
///   knows its own item. Steps keep it, so it does not tell one step from another
/// @param revision the number of steps that it has taken
/// @param explicitForward whether the ask stated that the caller will call `forward`
/// @param forwarded whether the caller has called it
/// @param decision what was decided; the holds of its accounts are held while the state is holding
/// @param priceRow the row that the hold was priced by; null where the call has no price
/// @param charge the charge of the best report so far; null before the first and after a release
/// @param releaseReason why it was released, in the words of the caller; null where it was not
///   released, or where no reason was stated
/// @param endedAt when it was settled or released, or for a block, when it was created; null before
///   that
/// @param retention how long it is stored after that
@CopiedByBuilder
public record Reservation(
    ReservationId id,
    String tenantId,
    String principalId,
    String requestHash,
    String nonce,
    long revision,
    ReservationState state,
    boolean explicitForward,
    boolean forwarded,
    Decision decision,
    @Nullable Price priceRow,
    @Nullable Charge charge,
    @Nullable String releaseReason,
    Instant expiresAt,
    @Nullable Instant endedAt,
    Duration retention) {

  /// The longest life, from now, that an ask or an `extend` may state (protocol.md#ask,
  /// `ttl_seconds`).
  public static final Duration MAX_LIFE = Duration.ofSeconds(3_600);

  private static final String CANCELLED = "cancelled";

  /// Draws a nonce. Processes that were restored from one memory image must draw different ones. A
  /// generator with its state in memory does not ensure that.
  public static String newNonce() {
    return HexFormat.of().toHexDigits(UUID.randomUUID().getLeastSignificantBits());
  }

  /// The outcome of a transition.
  public sealed interface Step {
    /// Nothing changes: the step was taken before, or a better report is charged.
    record Unchanged() implements Step {}

    /// The state does not allow it (409 `reservation_settled`).
    record Refused() implements Step {}

    /// @param seen the reservation that the step was computed from
    /// @param next the reservation after it, whose rates still have what they took before: that
    ///   depends on what the ledger has of them
    record Move(Reservation seen, Reservation next, List<Posting> postings, List<RateMove> rates)
        implements Step {
      public Move {
        postings = List.copyOf(postings);
        rates = List.copyOf(rates);
      }

      /// The moves of limit between shards alone, by account.
      List<List<Posting>> limitMoves() {
        Map<AccountKey, List<Posting>> byAccount = new LinkedHashMap<>();
        for (Posting posting : postings) {
          if (!posting.limitChange().equals(MicroUsd.ZERO)) {
            byAccount
                .computeIfAbsent(posting.account().head(), head -> new ArrayList<>())
                .add(posting.limitAlone());
          }
        }
        return List.copyOf(byAccount.values());
      }
    }
  }

  /// The item of a key that was cancelled before its ask arrived. It blocks every ask with that
  /// key, whatever its body.
  public static Reservation cancelled(
      ReservationId id, Caller caller, Duration retention, Decision decision) {
    Instant now = decision.createdAt();
    return new Reservation(
        id,
        caller.tenantId(),
        caller.principalId(),
        "",
        id.hash(),
        1,
        ReservationState.NONE,
        false,
        false,
        decision,
        null,
        null,
        CANCELLED,
        now,
        now,
        retention);
  }

  /// The shares of the accounts that it holds or charges; none for a block, which only names them.
  public List<AccountShare> shares() {
    return decision.isBlocked() ? List.of() : decision.accounts();
  }

  /// The shares of the rates that it takes from; none for a block.
  public List<RateShare> rates() {
    return decision.isBlocked() ? List.of() : decision.rates();
  }

  public Instant createdAt() {
    return decision.createdAt();
  }

  /// What is charged where usage stays unknown, as last extended or retargeted, in micro-USD; zero
  /// where the call was not let through or has no price.
  public MicroUsd estimate() {
    MicroUsd estimate = decision.estimate();
    return estimate == null || decision.isBlocked() ? MicroUsd.ZERO : estimate;
  }

  /// What is charged for it now, in micro-USD; zero before the first report and after a release.
  public MicroUsd charged() {
    return charge == null ? MicroUsd.ZERO : charge.amount();
  }

  /// By how much the charge is above the estimate, in micro-USD; null where it is not, or where no
  /// decision was made before the call.
  public @Nullable MicroUsd overrun() {
    return charge != null
            && !(decision.verdict() instanceof Verdict.Unreserved)
            && charge.amount().compareTo(estimate()) > 0
        ? charge.amount().minus(estimate())
        : null;
  }

  /// The caller says that it now calls the provider.
  public Step forward() {
    if (!state.isOpen()) {
      return new Step.Refused();
    }
    if (!explicitForward || forwarded) {
      return new Step.Unchanged();
    }
    return move(ReservationState.FORWARDED, true, charge, null, endedAt);
  }

  /// Charges a usage report. Every state except that of a block accepts one. The charge replaces
  /// that of a weaker report, and frees what is still held.
  public Step commit(Charge report) {
    if (state == ReservationState.NONE) {
      return new Step.Refused();
    }
    if (charge != null && !report.isBetterThan(charge)) {
      return new Step.Unchanged();
    }
    return settle(ReservationState.COMMITTED, report, null, report.at());
  }

  /// Frees the hold: the provider was not called, or certainly billed nothing. After a commit it
  /// changes nothing. It also removes a presumed charge.
  public Step release(@Nullable String reason, Instant now) {
    return switch (state) {
      case NONE -> new Step.Refused();
      case RELEASED, COMMITTED -> new Step.Unchanged();
      case RESERVED, FORWARDED, EXPIRED, RECONCILED ->
          settle(ReservationState.RELEASED, null, reason, now);
    };
  }

  /// Cancels the call by its idempotency key. A block, which reserved nothing, is marked as
  /// cancelled, so that it stays a block.
  public Step cancel(Instant now) {
    if (state != ReservationState.NONE) {
      return release(CANCELLED, now);
    }
    return releaseReason != null
        ? new Step.Unchanged()
        : move(state, forwarded, charge, CANCELLED, now);
  }

  /// Whether it is a block that may still become a call that was let through during an outage
  /// (protocol.md#degraded-decisions). Its answer may have been lost, and nobody cancelled it.
  public boolean mayBecomeReservation() {
    return state == ReservationState.NONE && releaseReason == null;
  }

  /// Extends the time. It never shortens it.
  public Step extend(Instant until, Instant now) {
    return rehold(new Rehold(decision, priceRow, Map.of(), Set.of(), until, now));
  }

  /// What a hold is moved to.
  ///
  /// @param decision the decision with other holds on the same accounts, in the same order
  /// @param leastAvailable what an account must have available for its change, in micro-USD; an
  ///   account that is absent is changed whatever it has available
  /// @param limitMoves the limit that moves to the shards that hold more, and what gives it
  /// @param gatedRates the rates that a change must fit; another one is changed whatever it has
  ///   available
  /// @param now when the hold is moved
  public record Rehold(
      Decision decision,
      @Nullable Price priceRow,
      Map<AccountName, MicroUsd> leastAvailable,
      LimitMoves limitMoves,
      Set<AccountName> gatedRates,
      Instant expiresAt,
      Instant now) {
    public Rehold {
      leastAvailable = Map.copyOf(leastAvailable);
      gatedRates = Set.copyOf(gatedRates);
    }

    /// A hold that moves no limit between shards.
    public Rehold(
        Decision decision,
        @Nullable Price priceRow,
        Map<AccountName, MicroUsd> leastAvailable,
        Set<AccountName> gatedRates,
        Instant expiresAt,
        Instant now) {
      this(decision, priceRow, leastAvailable, LimitMoves.NONE, gatedRates, expiresAt, now);
    }
  }

  /// The limit that moves between shards of accounts (ledger.md#shards).
  ///
  /// @param gained what the shard of the hold gets, by account, in micro-USD
  /// @param given the changes of the other shards
  public record LimitMoves(Map<AccountName, MicroUsd> gained, List<Posting> given) {

    static final LimitMoves NONE = new LimitMoves(Map.of(), List.of());

    public LimitMoves {
      gained = Map.copyOf(gained);
      given = List.copyOf(given);
    }
  }

  /// Moves the hold: to more output, or to another model. It never shortens the time.
  public Step rehold(Rehold to) {
    if (!state.isOpen()) {
      return new Step.Refused();
    }
    Instant until = to.expiresAt().isAfter(expiresAt) ? to.expiresAt() : expiresAt;
    if (to.decision().equals(decision) && until.equals(expiresAt)) {
      return new Step.Unchanged();
    }
    List<AccountShare> shares = decision.accounts();
    List<Posting> postings = new ArrayList<>(shares.size());
    for (int i = 0; i < shares.size(); i++) {
      AccountShare next = to.decision().accounts().get(i);
      MicroUsd change = next.hold().minus(shares.get(i).hold());
      MicroUsd least = change.isPositive() ? to.leastAvailable().get(next.name()) : null;
      MicroUsd gained = to.limitMoves().gained().getOrDefault(next.name(), MicroUsd.ZERO);
      postings.add(
          new Posting(
              next.key(tenantId),
              change,
              MicroUsd.ZERO,
              gained,
              least == null ? null : least.minus(gained),
              false));
    }
    postings.addAll(to.limitMoves().given());
    Reservation next =
        ReservationBuilder.builder(this)
            .revision(revision + 1)
            .decision(to.decision())
            .priceRow(to.priceRow())
            .expiresAt(until)
            .build();
    List<RateMove> rateMoves =
        to.decision().rates().stream()
            .map(
                rate ->
                    new RateMove(
                        tenantId,
                        rate,
                        rate.hold(),
                        to.gatedRates().contains(rate.name()),
                        createdAt(),
                        to.now()))
            .toList();
    return new Step.Move(this, next, postings, rateMoves);
  }

  /// Expires it, once its time and the clock skew have passed. The money stays held.
  public Step expire(Instant now, Duration clockSkew) {
    if (!state.isOpen() || !now.isAfter(expiresAt.plus(clockSkew))) {
      return new Step.Unchanged();
    }
    return move(ReservationState.EXPIRED, forwarded, charge, null, endedAt);
  }

  /// Settles an expired reservation. One with explicit forwarding that was never forwarded is
  /// released. Any other is charged its estimate as presumed.
  public Step reconcile(Instant now) {
    if (state != ReservationState.EXPIRED) {
      return new Step.Unchanged();
    }
    if (explicitForward && !forwarded) {
      return release("never forwarded", now);
    }
    return settle(ReservationState.RECONCILED, Charge.presumed(estimate(), now), null, now);
  }

  /// Frees what is held, removes what was charged, and charges anew, on every account that the
  /// decision touched.
  private List<Posting> postings(MicroUsd newCharge) {
    List<Posting> postings = new ArrayList<>(shares().size());
    for (AccountShare share : shares()) {
      MicroUsd freed = state.isHolding() ? share.hold() : MicroUsd.ZERO;
      postings.add(
          new Posting(share.key(tenantId), MicroUsd.ZERO.minus(freed), newCharge.minus(charged())));
    }
    return postings;
  }

  /// Moves to a state in which nothing is held, with what is charged from now on; null for nothing.
  private Step.Move settle(
      ReservationState nextState,
      @Nullable Charge nextCharge,
      @Nullable String nextReleaseReason,
      Instant now) {
    MicroUsd due = nextCharge == null ? MicroUsd.ZERO : nextCharge.amount();
    List<RateMove> rateMoves =
        rates().stream()
            .map(rate -> new RateMove(tenantId, rate, due, false, createdAt(), now))
            .toList();
    return new Step.Move(
        this,
        next(nextState, forwarded, nextCharge, nextReleaseReason, now),
        postings(due),
        rateMoves);
  }

  /// Moves to a state that moves no money.
  private Step.Move move(
      ReservationState nextState,
      boolean nextForwarded,
      @Nullable Charge nextCharge,
      @Nullable String nextReleaseReason,
      @Nullable Instant nextEndedAt) {
    return new Step.Move(
        this,
        next(nextState, nextForwarded, nextCharge, nextReleaseReason, nextEndedAt),
        List.of(),
        List.of());
  }

  /// The same reservation with what its rates take now.
  Reservation withRates(List<RateShare> rates) {
    return ReservationBuilder.builder(this).decision(decision.withRates(rates)).build();
  }

  private Reservation next(
      ReservationState nextState,
      boolean nextForwarded,
      @Nullable Charge nextCharge,
      @Nullable String nextReleaseReason,
      @Nullable Instant nextEndedAt) {
    return ReservationBuilder.builder(this)
        .revision(revision + 1)
        .state(nextState)
        .forwarded(nextForwarded)
        .charge(nextCharge)
        .releaseReason(nextReleaseReason)
        .endedAt(nextEndedAt)
        .build();
  }
}
