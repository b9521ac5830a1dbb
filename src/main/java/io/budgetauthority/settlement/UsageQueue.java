package io.budgetauthority.settlement;

import io.budgetauthority.decision.unreserved.LateDecisions;
import io.budgetauthority.input.InputTooLarge;
import io.budgetauthority.input.InvalidInput;
import io.budgetauthority.ledger.Reservation;
import io.budgetauthority.ledger.ReservationState;
import io.budgetauthority.metrics.Meters;
import io.budgetauthority.storage.StorageContended;
import io.budgetauthority.storage.StorageUnavailable;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.Policy;
import io.budgetauthority.tenant.Role;
import io.budgetauthority.tenant.VersionedPolicy;
import io.budgetauthority.tenant.store.Policies;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.sqs.SqsClient;
import software.amazon.awssdk.services.sqs.model.MessageAttributeValue;

/// Processes the messages of the usage queue: commits, releases, extensions, usage that had no
/// decision, and decisions that were made during an outage. They arrive in any order and any number
/// of times (protocol.md#usage-queue and protocol.md#degraded-decisions).
///
/// A message that can never succeed goes to the dead-letter queue with its reason at once. One that
/// may succeed later is delivered again until its receives are spent, and then goes there too. One
/// that failed because DynamoDB is unavailable is put back for as long as the outage lasts. Safe
/// for use by many threads.
public final class UsageQueue {

  private static final Logger LOG = Logger.getLogger("budget.usage");

  /// The name of the attribute that has the reason of a dead letter.
  public static final String REASON = "reason";

  private static final String FROM = "message_id";
  private static final int MAX_REASON_CHARACTERS = 1_000;

  private final Settlement settlement;
  private final UsageCharges charges;
  private final LateDecisions lateDecisions;
  private final Policies policies;
  private final Settings settings;
  private final Clock clock;

  public UsageQueue(
      Settlement settlement,
      UsageCharges charges,
      LateDecisions lateDecisions,
      Policies policies,
      Settings settings,
      Clock clock) {
    this.settlement = settlement;
    this.charges = charges;
    this.lateDecisions = lateDecisions;
    this.policies = policies;
    this.settings = settings;
    this.clock = clock;
  }

  /// Where messages come from and go to.
  ///
  /// @param maxReceives how often a message is delivered before the queue itself gives it up
  /// @param outageDelay the delay of a message that is put back because DynamoDB is unavailable; at
  ///   most 900 s, the maximum of SQS
  public record Settings(
      SqsClient sqs, String queueUrl, String deadQueueUrl, int maxReceives, Duration outageDelay) {}

  /// A message as it was delivered.
  ///
  /// @param receives how often it was delivered, this time included
  public record Received(String messageId, String body, int receives) {}

  /// The outcome of a message.
  sealed interface Outcome {
    record Done() implements Outcome {}

    /// It may succeed later.
    record Later(String reason) implements Outcome {}

    /// It may succeed once the ledger is back.
    record Unavailable(String reason) implements Outcome {}

    /// It can never succeed.
    record Dead(String reason) implements Outcome {}
  }

  /// Processes a batch, each message on its own.
  ///
  /// @return the ids of the messages that must be delivered again; the others are done
  public List<String> consume(List<Received> batch) {
    List<String> again = new ArrayList<>();
    for (Received message : batch) {
      if (!dispose(message, take(message.body()))) {
        again.add(message.messageId());
      }
    }
    return again;
  }

  /// Acts on the outcome of a message. True where the message is done.
  private boolean dispose(Received message, Outcome outcome) {
    boolean last = message.receives() >= settings.maxReceives();
    return switch (outcome) {
      case Outcome.Done done -> {
        Meters.message("done");
        yield true;
      }
      case Outcome.Dead dead -> bury(message, dead.reason());
      case Outcome.Later later when last -> bury(message, later.reason());
      case Outcome.Later later -> {
        Meters.message("later");
        LOG.infof("message %s is left for later: %s", message.messageId(), shown(later.reason()));
        yield false;
      }
      case Outcome.Unavailable unavailable when last -> putBack(message, unavailable.reason());
      case Outcome.Unavailable unavailable -> {
        Meters.message("later");
        LOG.warnf(
            "message %s is left for later: %s", message.messageId(), shown(unavailable.reason()));
        yield false;
      }
    };
  }

  private boolean bury(Received message, String reason) {
    Meters.message("dead");
    LOG.errorf("message %s goes to the dead-letter queue: %s", message.messageId(), shown(reason));
    Map<String, MessageAttributeValue> attributes = new HashMap<>();
    attributes.put(REASON, attribute(shown(reason)));
    attributes.put(FROM, attribute(message.messageId()));
    return send(settings.deadQueueUrl(), message.body(), Duration.ZERO, attributes);
  }

  private boolean putBack(Received message, String reason) {
    Meters.message("put_back");
    LOG.warnf("message %s is put back: %s", message.messageId(), shown(reason));
    return send(settings.queueUrl(), message.body(), settings.outageDelay(), Map.of());
  }

  /// Sends a message to a queue. False where that fails; the message then stays where it is, and
  /// its queue delivers it again or gives it up.
  private boolean send(
      String url, String body, Duration delay, Map<String, MessageAttributeValue> attributes) {
    try {
      settings
          .sqs()
          .sendMessage(
              it ->
                  it.queueUrl(url)
                      .messageBody(body)
                      .delaySeconds(Math.toIntExact(delay.toSeconds()))
                      .messageAttributes(attributes));
      return true;
    } catch (SdkException e) {
      LOG.errorf("a message could not be moved: %s", e.getMessage());
      return false;
    }
  }

  private static MessageAttributeValue attribute(String value) {
    return MessageAttributeValue.builder().dataType("String").stringValue(value).build();
  }

  /// A reason in a form that is safe to log and to store. It may quote the message, which must not
  /// forge a line of the log. An attribute does not accept every character or any length.
  private static String shown(String reason) {
    String printable = reason.replaceAll("[^\\x20-\\x7E]", "?");
    return printable.substring(0, Math.min(printable.length(), MAX_REASON_CHARACTERS));
  }

  Outcome take(String body) {
    try {
      Instant now = clock.instant();
      UsageMessage message = UsageMessage.read(body);
      Meters.messageAge(Duration.between(message.sentAt(), now));
      VersionedPolicy policy = policies.of(message.tenantId());
      if (policy.version() == 0) {
        return new Outcome.Dead("there is no tenant " + message.tenantId());
      }
      Outcome refused = refuse(message, policy.policy(), now);
      return refused == null ? take(message, now) : refused;
    } catch (InvalidInput e) {
      return new Outcome.Dead(
          e.errors().stream()
              .map(
                  error ->
                      (error.pointer().isEmpty() ? "the message" : error.pointer())
                          + " "
                          + error.reason())
              .distinct()
              .collect(Collectors.joining("; ")));
    } catch (InputTooLarge e) {
      return new Outcome.Dead(String.valueOf(e.getMessage()));
    } catch (StorageUnavailable | StorageContended | SdkException e) {
      return new Outcome.Unavailable(String.valueOf(e.getMessage()));
    } catch (Throwable e) {
      // A fault of one message must not stop the messages beside it and after it.
      LOG.error("a message could not be taken", e);
      return new Outcome.Later("an unexpected fault: " + e.getClass().getName());
    }
  }

  /// Why a message is not processed now; null where it is. A message may be so old that its
  /// decision is no longer stored. A time in the future may come from a clock that is wrong now, so
  /// that message may succeed later.
  private static @Nullable Outcome refuse(UsageMessage message, Policy policy, Instant now) {
    if (message.latest().isAfter(now.plus(policy.clockSkew()))) {
      return new Outcome.Later("is of " + message.latest() + ", which is in the future");
    }
    Duration oldest = Duration.ofDays(policy.retentionDays() - 1L);
    if (message.sentAt().plus(oldest).isBefore(now)) {
      return new Outcome.Dead("was sent " + message.sentAt() + ", more than " + oldest + " ago");
    }
    return null;
  }

  private Outcome take(UsageMessage message, Instant now) {
    return switch (message.content()) {
      case UsageMessage.Content.Usage usage -> charge(message, usage.charge());
      case UsageMessage.Content.Decision late -> {
        lateDecisions.record(
            new LateDecisions.Late(
                message.tenantId(),
                Objects.requireNonNull(message.principalId()),
                Objects.requireNonNull(message.idempotencyKey()),
                message.sentAt(),
                late.decision()));
        yield new Outcome.Done();
      }
      case UsageMessage.Content.Commit commit ->
          settle(
              message,
              settlement.commit(gateway(message), message.reservationId(), commit.report()));
      case UsageMessage.Content.Release release ->
          settle(
              message,
              settlement.release(gateway(message), message.reservationId(), release.reason()));
      case UsageMessage.Content.Extend extend ->
          extend.until().isAfter(now.plus(Reservation.MAX_LIFE))
              ? new Outcome.Later("expires_at is more than " + Reservation.MAX_LIFE + " ahead")
              : settle(
                  message,
                  settlement.extend(
                      gateway(message), message.reservationId(), extend.until(), null));
    };
  }

  private Outcome charge(UsageMessage message, UsageCharge charge) {
    UsageCharges.Order order =
        new UsageCharges.Order(
            message.tenantId(),
            Objects.requireNonNull(message.principalId()),
            Objects.requireNonNull(message.idempotencyKey()),
            charge);
    return switch (charges.charge(order)) {
      case UsageCharges.Result.Charged charged -> new Outcome.Done();
      case UsageCharges.Result.KeyReused reused ->
          new Outcome.Dead("the idempotency key was used for other usage");
      case UsageCharges.Result.NoPrices noPrices ->
          new Outcome.Unavailable("no price table is loaded yet");
    };
  }

  private Outcome settle(UsageMessage message, Settlement.Result result) {
    return switch (result) {
      case Settlement.Result.Done done -> new Outcome.Done();
      case Settlement.Result.Refused refused -> refused(message, refused);
      case Settlement.Result.NotFound notFound ->
          settlement.isOfAnotherTenant(message.tenantId(), message.reservationId())
              ? new Outcome.Dead("the reservation is not of tenant " + message.tenantId())
              : new Outcome.Later(
                  "there is no reservation " + message.reservationId().reservationId());
      case Settlement.Result.Blocked blocked -> new Outcome.Dead(blocked.block().detail());
      case Settlement.Result.Invalid invalid ->
          new Outcome.Dead(invalid.field() + ": " + invalid.reason());
      case Settlement.Result.Disallowed disallowed -> new Outcome.Dead(disallowed.reason());
      case Settlement.Result.Forbidden forbidden ->
          throw new IllegalStateException("a message counts as a gateway's");
    };
  }

  /// The outcome of a message that the state of its reservation refuses. A reservation that is
  /// settled needs no more time. A block may still become a decision that was let through during an
  /// outage. A key that was cancelled may not.
  private static Outcome refused(UsageMessage message, Settlement.Result.Refused refused) {
    if (refused.reservation().state() != ReservationState.NONE) {
      return new Outcome.Done();
    }
    if (refused.reservation().mayBecomeReservation()) {
      return new Outcome.Later("the decision is a block, which reserved nothing");
    }
    return message.content() instanceof UsageMessage.Content.Commit
        ? new Outcome.Dead("the call was cancelled before it was asked for")
        : new Outcome.Done();
  }

  /// A message counts as a gateway's, so it may settle every reservation of its tenant.
  private static Caller gateway(UsageMessage message) {
    String principalId = message.principalId();
    return new Caller(
        message.tenantId(), principalId == null ? "" : principalId, Role.GATEWAY, null, null);
  }
}
