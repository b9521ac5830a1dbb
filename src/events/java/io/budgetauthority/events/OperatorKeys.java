package io.budgetauthority.events;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.fasterxml.jackson.annotation.JsonProperty;
import io.budgetauthority.tenant.ApiKeys;
import io.budgetauthority.tenant.AuditEntry;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.Role;
import io.budgetauthority.tenant.Tenants;
import jakarta.inject.Named;
import java.time.Clock;
import java.time.Duration;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// Creates, rotates and deletes the keys of operators, for anyone who may invoke this function. No
/// key of the protocol can create the first operator, so the permissions of the AWS account decide.
/// Only the answer that creates a secret shows it.
@Counted
@Named("operator")
public class OperatorKeys implements RequestHandler<OperatorKeys.Order, OperatorKeys.Done> {

  /// Operators belong to no tenant.
  private static final String NO_TENANT = "";

  private static final long MAX_OVERLAP_SECONDS = Duration.ofDays(30).toSeconds();

  private final ApiKeys keys;
  private final Tenants tenants;
  private final Clock clock;

  OperatorKeys(ApiKeys keys, Tenants tenants, Clock clock) {
    this.keys = keys;
    this.tenants = tenants;
    this.clock = clock;
  }

  /// The order of an invocation.
  ///
  /// @param action `issue`, `rotate` or `revoke`
  /// @param principalId whose key it is about; absent for a new one
  /// @param overlapSeconds how many seconds the old secret stays valid beside the new one; 0 if
  ///   absent, at most 30 days
  public record Order(
      @JsonProperty("action") @Nullable String action,
      @JsonProperty("principal_id") @Nullable String principalId,
      @JsonProperty("overlap_seconds") long overlapSeconds) {}

  /// The result of an order.
  ///
  /// @param secret the new secret; null if the order creates none
  public record Done(
      @JsonProperty("principal_id") String principalId,
      @JsonProperty("secret") @Nullable String secret) {}

  /// Executes an order. An order that is invalid or that names no operator gets an
  /// [IllegalArgumentException], which the function's caller sees as its error.
  @Override
  public Done handleRequest(Order order, Context context) {
    return switch (order.action()) {
      case "issue" -> issue();
      case "rotate" -> rotate(named(order), order.overlapSeconds());
      case "revoke" -> revoke(named(order));
      case null, default -> throw new IllegalArgumentException("action is issue, rotate or revoke");
    };
  }

  private Done issue() {
    Caller operator =
        new Caller(
            NO_TENANT,
            "opr_" + UUID.randomUUID().toString().replace("-", ""),
            Role.OPERATOR,
            null,
            null);
    return done(keys.issue(operator, tenants, entry(operator.principalId())));
  }

  private Done rotate(String principalId, long overlapSeconds) {
    if (overlapSeconds < 0 || overlapSeconds > MAX_OVERLAP_SECONDS) {
      throw new IllegalArgumentException("overlap_seconds is 0 to " + MAX_OVERLAP_SECONDS);
    }
    ApiKeys.Rotated rotated =
        keys.rotate(
            NO_TENANT,
            principalId,
            Duration.ofSeconds(overlapSeconds),
            tenants,
            entry(principalId));
    return switch (rotated) {
      case ApiKeys.Rotated.Done it -> done(it.issued());
      case ApiKeys.Rotated.Unknown it -> throw unknown(principalId);
      case ApiKeys.Rotated.TooOften it ->
          throw new IllegalArgumentException(
              "operator "
                  + principalId
                  + " has "
                  + it.times()
                  + " valid secrets: rotate with a shorter overlap");
      case ApiKeys.Rotated.Meanwhile it ->
          throw new IllegalArgumentException(
              "operator " + principalId + " was just rotated by somebody else");
    };
  }

  private Done revoke(String principalId) {
    return switch (keys.revoke(NO_TENANT, principalId, tenants, entry(principalId))) {
      case DONE -> new Done(principalId, null);
      case UNKNOWN -> throw unknown(principalId);
      case LAST_ADMIN ->
          throw new IllegalStateException("operator " + principalId + " is no tenant's admin");
    };
  }

  private static Done done(ApiKeys.Issued issued) {
    return new Done(issued.principal().caller().principalId(), issued.secret());
  }

  private static String named(Order order) {
    if (order.principalId() == null || order.principalId().isEmpty()) {
      throw new IllegalArgumentException("principal_id is required to " + order.action());
    }
    return order.principalId();
  }

  private static IllegalArgumentException unknown(String principalId) {
    return new IllegalArgumentException("there is no operator " + principalId);
  }

  private AuditEntry entry(String principalId) {
    Caller account = new Caller(NO_TENANT, "account", Role.OPERATOR, null, null);
    return AuditEntry.of(account, clock.instant(), "operators/" + principalId, null, null);
  }
}
