package io.budgetauthority.decision;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.budgetauthority.decision.rule.Candidates;
import io.budgetauthority.decision.rule.Decider;
import io.budgetauthority.decision.rule.DecisionRequest;
import io.budgetauthority.decision.rule.Plan;
import io.budgetauthority.ledger.Reservation;
import io.budgetauthority.metrics.Meters;
import io.budgetauthority.price.Price;
import io.budgetauthority.price.PriceTable;
import io.budgetauthority.price.override.PriceOverrides;
import io.budgetauthority.record.Decision;
import io.budgetauthority.record.RecordJson;
import io.budgetauthority.storage.StorageUnavailable;
import io.budgetauthority.tenant.Mode;
import io.budgetauthority.tenant.Policy;
import io.budgetauthority.tenant.VersionedPolicy;
import io.budgetauthority.tenant.store.OutageSnapshots;
import io.budgetauthority.tenant.store.TenantSnapshot;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.sqs.SqsClient;

/// Answers asks during an outage (protocol.md#outage). A tenant that fails open is answered by its
/// snapshot, after the usage queue has accepted the decision. An advisory tenant is answered even
/// if the queue is unavailable. Nothing is held. Safe for use by many threads.
public final class Outage {

  private static final Logger LOG = Logger.getLogger("budget.outage");
  private static final Duration TIMEOUT = Duration.ofMillis(1_500);

  /// The code of the problem for a tenant that fails closed, and of the header for one that fails
  /// open.
  private static final String CODE = "ledger_unavailable";

  private final OutageSnapshots snapshots;
  private final SqsClient sqs;
  private final Optional<String> queueUrl;
  private final Clock clock;

  /// @param queueUrl of the usage queue; empty where none is configured, which counts as
  ///   unavailable
  public Outage(OutageSnapshots snapshots, SqsClient sqs, Optional<String> queueUrl, Clock clock) {
    this.snapshots = snapshots;
    this.sqs = sqs;
    this.queueUrl = queueUrl;
    this.clock = clock;
  }

  /// Answers an ask. Throws [StorageUnavailable] for a tenant that fails closed, and for an ask
  /// that may not be let through in an outage.
  Answer answer(Ask ask, PriceTable table, Throwable cause) {
    TenantSnapshot tenant = tenant(ask.caller().tenantId(), cause);
    Answer refused = ask.refusedBy(tenant.policy());
    if (refused != null) {
      return refused;
    }
    String parent = ask.request().parentRunId();
    if (parent != null && parent.equals(ask.runId())) {
      return new Answer.InvalidParent("is the run itself");
    }
    boolean advisory = tenant.strictest() == Mode.ADVISORY_ESTIMATE;
    boolean open = advisory || tenant.policy().onLedgerOutage() == Policy.OnLedgerOutage.FAIL_OPEN;
    Ask.Identity identity = ask.identity();
    if (!open || identity == null) {
      Meters.failedClosed();
      throw unavailable("DynamoDB is unavailable and the tenant fails closed", cause);
    }
    DecisionRequest request = ask.request();
    Candidates.Prices names = (provider, model) -> find(ask, table, provider, model, cause);
    PriceTable.Found found = names.find(request.provider(), request.model());
    if (found instanceof PriceTable.Found.Ambiguous ambiguous) {
      return new Answer.Ambiguous(ambiguous.candidates());
    }
    Price row = found instanceof PriceTable.Found.Row it ? it.price() : null;
    Decider.Input question =
        Decider.Input.of(request, tenant.policy(), table, row, names, List.of(), List.of());
    return switch (Decider.decide(question)) {
      case Plan.Refuse refuse -> new Answer.Refused(refuse.code(), refuse.reason());
      case Plan.Block block ->
          throw unavailable(
              "DynamoDB is unavailable and the call is blocked: " + block.verdict().detail(),
              cause);
      case Plan.Grant grant -> allow(ask, identity, table, tenant, grant, cause);
    };
  }

  private Answer allow(
      Ask ask,
      Ask.Identity identity,
      PriceTable table,
      TenantSnapshot tenant,
      Plan.Grant grant,
      Throwable cause) {
    Instant now = Instant.ofEpochMilli(clock.millis());
    VersionedPolicy versioned =
        new VersionedPolicy(tenant.policy(), tenant.calendar(), tenant.version());
    DecisionWriter writer =
        new DecisionWriter(
            ask.request(), viewOf(ask, versioned, now), table.version(), List.of(), CODE);
    Reservation reservation =
        writer.granted(writer.decision(grant.in(tenant.strictest())), identity, grant);
    DegradedDecision decision =
        new DegradedDecision(
            reservation.requestHash(),
            reservation.decision(),
            reservation.priceRow(),
            ask.request().parentRunId(),
            ask.request().runLimit(),
            reservation.expiresAt());
    if (!send(ask, identity, decision, now)) {
      if (tenant.strictest() != Mode.ADVISORY_ESTIMATE) {
        throw unavailable("DynamoDB and the usage queue are unavailable", cause);
      }
      Meters.lost();
      LOG.errorf(
          "decision %s of an advisory tenant is lost: neither the ledger nor the queue took it",
          reservation.id().decisionId());
    }
    Meters.failedOpen();
    Authority.count(reservation.decision());
    return new Answer.Decided(reservation, false);
  }

  /// What is known of the call without the ledger: its run and its tuple as they were stated, and
  /// no balance.
  private static BudgetView viewOf(Ask ask, VersionedPolicy versioned, Instant now) {
    CallRun run = CallRun.of(ask, versioned, now);
    Decision.Subject subject = new Decision.Subject(run.runId(), null, null, ask.stated());
    return new BudgetView(versioned, now, subject, List.of(), run.isIssued(), List.of(), List.of());
  }

  private TenantSnapshot tenant(String tenantId, Throwable cause) {
    try {
      return snapshots
          .tenant(tenantId)
          .orElseThrow(() -> unavailable("nothing was published of the tenant", cause));
    } catch (SdkException e) {
      throw unavailable("neither the ledger nor the bucket answers", e);
    }
  }

  private PriceTable.Found find(
      Ask ask, PriceTable table, @Nullable String provider, String model, Throwable cause) {
    try {
      return PriceOverrides.find(snapshots, ask.caller().tenantId(), table, provider, model);
    } catch (SdkException e) {
      e.addSuppressed(cause);
      throw unavailable("neither the ledger nor the bucket answers", e);
    }
  }

  /// A message of the usage queue (protocol.md#usage-queue).
  private record Message(
      @JsonProperty("type") String type,
      @JsonProperty("tenant_id") String tenantId,
      @JsonProperty("principal_id") String principalId,
      @JsonProperty("idempotency_key") @Nullable String idempotencyKey,
      @JsonProperty("sent_at") Instant sentAt,
      @JsonProperty("body") DegradedDecision body) {}

  /// Whether the queue has accepted the decision.
  private boolean send(Ask ask, Ask.Identity identity, DegradedDecision decision, Instant now) {
    if (queueUrl.isEmpty()) {
      return false;
    }
    Message message =
        new Message(
            "decision",
            ask.caller().tenantId(),
            ask.caller().principalId(),
            identity.idempotencyKey(),
            now,
            decision);
    try {
      sqs.sendMessage(
          it ->
              it.queueUrl(queueUrl.get())
                  .messageBody(RecordJson.write(message))
                  .overrideConfiguration(override -> override.apiCallTimeout(TIMEOUT)));
      return true;
    } catch (SdkException e) {
      LOG.errorf("the usage queue did not take a decision: %s", e.getMessage());
      return false;
    }
  }

  private static StorageUnavailable unavailable(String reason, Throwable cause) {
    return new StorageUnavailable(reason, cause);
  }
}
