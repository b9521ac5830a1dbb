package io.budgetauthority.api.problem;

import java.util.Locale;

/// Every problem that is not a block, with its status (protocol.md#problems). A block has the code
/// of its decision and the status of the tenant's policy.
public enum ProblemType {
  INVALID_REQUEST(400, "The request is not valid"),
  OUTPUT_CAP_REQUIRED(400, "An output cap is required"),
  OUTPUT_CAP_ABOVE_POLICY(400, "The output cap is above the policy's"),
  CONTEXT_WINDOW_EXCEEDED(400, "The call exceeds the model's context window"),
  UNAUTHENTICATED(401, "No valid API key"),
  FORBIDDEN(403, "The role does not allow this"),
  RUN_PRINCIPAL_MISMATCH(403, "The run belongs to another principal"),
  NOT_FOUND(404, "There is nothing here"),
  METHOD_NOT_ALLOWED(405, "The method is not allowed here"),
  NOT_ACCEPTABLE(406, "No acceptable representation"),
  RUN_CLOSED(409, "The run has ended"),
  RUN_CONFLICT(409, "The run exists with other settings"),
  LAST_ADMIN_KEY(409, "The tenant would have no admin key"),
  AMBIGUOUS_NAME(409, "The name would mean several prices"),
  RESERVATION_SETTLED(409, "The reservation is settled"),
  PRECONDITION_FAILED(412, "The resource has changed"),
  BODY_TOO_LARGE(413, "The body is too large"),
  UNSUPPORTED_MEDIA_TYPE(415, "The media type is not supported"),
  IDEMPOTENCY_KEY_REUSED(422, "The idempotency key was used for another request"),
  PRICE_TABLE_INVALID(422, "The price table cannot be published as it is"),
  TOO_MANY_ACTIVE_RUNS(429, "Too many active runs"),
  TOO_MANY_RUNS(429, "Too many new runs"),
  INTERNAL(500, "An unexpected fault"),
  CONTENTION(503, "The accounts are busy"),
  LEDGER_UNAVAILABLE(503, "The ledger is unavailable");

  private final int status;
  private final String title;

  ProblemType(int status, String title) {
    this.status = status;
    this.title = title;
  }

  public int status() {
    return status;
  }

  public String title() {
    return title;
  }

  public String code() {
    return name().toLowerCase(Locale.ROOT);
  }
}
