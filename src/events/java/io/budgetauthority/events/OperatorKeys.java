package io.budgetauthority.events;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.fasterxml.jackson.annotation.JsonProperty;
import io.budgetauthority.configuration.IssueKey;
import io.budgetauthority.configuration.IssuedKey;
import io.budgetauthority.configuration.RevokeKey;
import io.budgetauthority.configuration.RotateKey;
import io.budgetauthority.configuration.write.ConfigurationWriter;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.Role;
import io.budgetauthority.tenant.store.ApiKeys;
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

  /// Whoever may invoke the function: the owner of the AWS account.
  private static final Caller ACCOUNT = new Caller(NO_TENANT, "account", Role.OPERATOR, null, null);

  private final IssueKey issueKey;
  private final RotateKey rotateKey;
  private final RevokeKey revokeKey;

  /// The role of this function reaches nothing of a tenant, so it leaves publishing to the sweep.
  OperatorKeys(ConfigurationWriter writer, ApiKeys keys, Clock clock) {
    ConfigurationWriter marking = writer.withoutPublishing();
    this.issueKey = new IssueKey(marking, keys, clock);
    this.rotateKey = new RotateKey(marking, keys, clock);
    this.revokeKey = new RevokeKey(marking, keys, clock);
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
    return done(issueKey.issue(ACCOUNT, operator));
  }

  private Done rotate(String principalId, long overlapSeconds) {
    if (overlapSeconds < 0 || overlapSeconds > RotateKey.MAX_OVERLAP.toSeconds()) {
      throw new IllegalArgumentException(
          "overlap_seconds is 0 to " + RotateKey.MAX_OVERLAP.toSeconds());
    }
    return switch (rotateKey.rotate(
        ACCOUNT, NO_TENANT, principalId, Duration.ofSeconds(overlapSeconds))) {
      case RotateKey.Result.Done it -> done(it.issued());
      case RotateKey.Result.Unknown it -> throw unknown(principalId);
      case RotateKey.Result.TooManySecrets it ->
          throw new IllegalArgumentException(
              "operator "
                  + principalId
                  + " has "
                  + it.count()
                  + " valid secrets: rotate with a shorter overlap");
      case RotateKey.Result.Conflict it ->
          throw new IllegalArgumentException(
              "operator " + principalId + " was just rotated by somebody else");
    };
  }

  private Done revoke(String principalId) {
    return switch (revokeKey.revoke(ACCOUNT, NO_TENANT, principalId)) {
      case DONE -> new Done(principalId, null);
      case UNKNOWN -> throw unknown(principalId);
      case LAST_ADMIN ->
          throw new IllegalStateException("operator " + principalId + " is no tenant's admin");
    };
  }

  private static Done done(IssuedKey issued) {
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
}
