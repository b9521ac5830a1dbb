package io.budgetauthority.ledger;

import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.tenant.Caller;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// One decision with its reservation and its idempotency record, and the pure state machine of
/// protocol.md#states. A transition gives the next state and its postings. The ledger writes both
/// in one transaction, under the condition that the revision is still the one that they were
/// computed from. A step that is repeated is [Step.Unchanged].
///
/// @param requestHash a hash of the request, to tell a replay from a reused key
/// @param nonce a new random value for every attempt to write, so that a writer whose answer was
///   lost knows its own item
/// @param revision the number of steps that it has taken
/// @param explicitForward whether the ask stated that the caller will call `forward`
/// @param forwarded whether the caller has called it
/// @param holds the accounts that the decision touched; the amounts are held while the state is
///   holding
/// @param estimate what is charged where usage stays unknown, as last extended or retargeted
/// @param settled the charge of the best report so far; null before the first and after a release
/// @param releaseReason why it was released, in the words of the caller; null where it was not
///   released, or where no reason was stated
/// @param endedAt when it was settled or released, or for a block, when it was created; null before
///   that
/// @param retention how long it is stored after that
/// @param facts the decision as the decision package wrote it; the ledger does not read it
/// @param priceRow the row that the hold was priced by; the ledger does not read it
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
    List<Hold> holds,
    MicroUsd estimate,
    @Nullable Settled settled,
    @Nullable String releaseReason,
    Instant createdAt,
    Instant expiresAt,
    @Nullable Instant endedAt,
    Duration retention,
    String facts,
    String priceRow) {

  /// The longest life, from now, that an ask or an `extend` may state (protocol.md#ask,
  /// `ttl_seconds`).
  public static final Duration MAX_LIFE = Duration.ofSeconds(3_600);

  public Reservation {
    holds = List.copyOf(holds);
  }

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

    record Move(Reservation next, List<Posting> postings) implements Step {
      public Move {
        postings = List.copyOf(postings);
      }
    }
  }

  /// The item of a key that was cancelled before its ask arrived. It blocks every ask with that
  /// key, whatever its body.
  public static Reservation cancelled(
      ReservationId id, Caller caller, Instant now, Duration retention, String facts) {
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
        List.of(),
        MicroUsd.ZERO,
        null,
        CANCELLED,
        now,
        now,
        now,
        retention,
        facts,
        "");
  }

  /// What is charged for it now, in micro-USD; zero before the first report and after a release.
  public MicroUsd charge() {
    return settled == null ? MicroUsd.ZERO : settled.charge();
  }

  /// The caller says that it now calls the provider.
  public Step forward() {
    if (!state.isOpen()) {
      return new Step.Refused();
    }
    if (!explicitForward || forwarded) {
      return new Step.Unchanged();
    }
    return move(ReservationState.FORWARDED, true, settled, null, expiresAt, endedAt, List.of());
  }

  /// Charges a usage report. Every state except that of a block accepts one. The charge replaces
  /// that of a weaker report, and frees what is still held.
  public Step commit(Settled report) {
    if (state == ReservationState.NONE) {
      return new Step.Refused();
    }
    if (settled != null && !report.isBetterThan(settled)) {
      return new Step.Unchanged();
    }
    return move(
        ReservationState.COMMITTED,
        forwarded,
        report,
        null,
        expiresAt,
        report.at(),
        postings(report.charge()));
  }

  /// Frees the hold: the provider was not called, or certainly billed nothing. After a commit it
  /// changes nothing. It also removes a presumed charge.
  public Step release(@Nullable String reason, Instant now) {
    return switch (state) {
      case NONE -> new Step.Refused();
      case RELEASED, COMMITTED -> new Step.Unchanged();
      case RESERVED, FORWARDED, EXPIRED, RECONCILED ->
          move(
              ReservationState.RELEASED,
              forwarded,
              null,
              reason,
              expiresAt,
              now,
              postings(MicroUsd.ZERO));
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
        : move(state, forwarded, settled, CANCELLED, expiresAt, now, List.of());
  }

  /// Whether it is a block that may still become a call that was let through during an outage
  /// (protocol.md#degraded-decisions). Its answer may have been lost, and nobody cancelled it.
  public boolean mayBecomeReservation() {
    return state == ReservationState.NONE && releaseReason == null;
  }

  /// Extends the time. It never shortens it.
  public Step extend(Instant until) {
    return rehold(
        new Rehold(
            holds,
            holds.stream().map(hold -> Optional.<MicroUsd>empty()).toList(),
            estimate,
            until,
            facts,
            priceRow));
  }

  /// What a hold is moved to: other amounts on the same accounts, and what they were priced by.
  ///
  /// @param leastAvailable for each hold, what its account must have available for the change;
  ///   empty where the change is made whatever is available
  public record Rehold(
      List<Hold> holds,
      List<Optional<MicroUsd>> leastAvailable,
      MicroUsd estimate,
      Instant expiresAt,
      String facts,
      String priceRow) {
    public Rehold {
      holds = List.copyOf(holds);
      leastAvailable = List.copyOf(leastAvailable);
    }
  }

  /// Moves the hold: to more output, or to another model. It never shortens the time.
  public Step rehold(Rehold to) {
    if (!state.isOpen()) {
      return new Step.Refused();
    }
    Instant until = to.expiresAt().isAfter(expiresAt) ? to.expiresAt() : expiresAt;
    if (to.holds().equals(holds) && to.facts().equals(facts) && until.equals(expiresAt)) {
      return new Step.Unchanged();
    }
    List<Posting> postings = new ArrayList<>(holds.size());
    for (int i = 0; i < holds.size(); i++) {
      MicroUsd change = to.holds().get(i).amount().minus(holds.get(i).amount());
      MicroUsd least = change.isPositive() ? to.leastAvailable().get(i).orElse(null) : null;
      postings.add(new Posting(holds.get(i).account(), change, MicroUsd.ZERO, least));
    }
    Reservation next =
        new Reservation(
            id,
            tenantId,
            principalId,
            requestHash,
            nonce,
            revision + 1,
            state,
            explicitForward,
            forwarded,
            to.holds(),
            to.estimate(),
            settled,
            releaseReason,
            createdAt,
            until,
            endedAt,
            retention,
            to.facts(),
            to.priceRow());
    return new Step.Move(next, postings);
  }

  /// Expires it, once its time and the clock skew have passed. The money stays held.
  public Step expire(Instant now, Duration clockSkew) {
    if (!state.isOpen() || !now.isAfter(expiresAt.plus(clockSkew))) {
      return new Step.Unchanged();
    }
    return move(ReservationState.EXPIRED, forwarded, settled, null, expiresAt, endedAt, List.of());
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
    Settled presumed =
        new Settled(estimate, UsageQuality.PRESUMED, "", now, Settled.Reporter.SWEEPER);
    return move(
        ReservationState.RECONCILED, forwarded, presumed, null, expiresAt, now, postings(estimate));
  }

  /// Frees what is held, removes what was charged, and charges anew, on every account that the
  /// decision touched.
  private List<Posting> postings(MicroUsd charge) {
    MicroUsd before = charge();
    List<Posting> postings = new ArrayList<>(holds.size());
    for (Hold hold : holds) {
      MicroUsd freed = state.isHolding() ? hold.amount() : MicroUsd.ZERO;
      postings.add(new Posting(hold.account(), MicroUsd.ZERO.minus(freed), charge.minus(before)));
    }
    return postings;
  }

  private Step.Move move(
      ReservationState nextState,
      boolean nextForwarded,
      @Nullable Settled nextSettled,
      @Nullable String nextReleaseReason,
      Instant nextExpiresAt,
      @Nullable Instant nextEndedAt,
      List<Posting> postings) {
    Reservation next =
        new Reservation(
            id,
            tenantId,
            principalId,
            requestHash,
            nonce,
            revision + 1,
            nextState,
            explicitForward,
            nextForwarded,
            holds,
            estimate,
            nextSettled,
            nextReleaseReason,
            createdAt,
            nextExpiresAt,
            nextEndedAt,
            retention,
            facts,
            priceRow);
    return new Step.Move(next, postings);
  }
}
