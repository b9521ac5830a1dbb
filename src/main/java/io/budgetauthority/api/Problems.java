package io.budgetauthority.api;

import io.budgetauthority.input.InputTooLarge;
import io.budgetauthority.input.InvalidInput;
import io.budgetauthority.ledger.LedgerContended;
import io.budgetauthority.ledger.LedgerUnavailable;
import io.budgetauthority.tenant.ConfigurationWrites;
import jakarta.ws.rs.NotAcceptableException;
import jakarta.ws.rs.NotAllowedException;
import jakarta.ws.rs.NotFoundException;
import jakarta.ws.rs.NotSupportedException;
import jakarta.ws.rs.WebApplicationException;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.Request;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.UriInfo;
import jakarta.ws.rs.ext.ExceptionMapper;
import jakarta.ws.rs.ext.Provider;
import java.io.IOException;
import java.util.UUID;
import org.jboss.logging.Logger;
import software.amazon.awssdk.core.exception.SdkServiceException;

/// Maps every exception to a status and a problem document. No other class does this.
@Provider
public final class Problems implements ExceptionMapper<Throwable> {

  private static final Logger LOG = Logger.getLogger("budget.api");
  private static final String RETRY_AFTER_SECONDS = "2";

  @Override
  public Response toResponse(Throwable thrown) {
    return switch (thrown) {
      case ProblemException e -> answer(e.problem());
      case InvalidInput e ->
          answer(
              Problem.of(ProblemType.INVALID_REQUEST, String.valueOf(e.getMessage()))
                  .withErrors(e.errors()));
      case InputTooLarge e ->
          answer(Problem.of(ProblemType.BODY_TOO_LARGE, String.valueOf(e.getMessage())));
      case LedgerContended e ->
          retryable(ProblemType.CONTENTION, "the accounts stayed busy; nothing was reserved");
      case ConfigurationWrites.Busy e ->
          retryable(ProblemType.CONTENTION, "other changes stood in the way; nothing was changed");
      case WebApplicationException e -> http(e);
      case IOException e -> {
        LOG.infof("a request broke off: %s", e.getMessage());
        yield answer(
            Problem.of(ProblemType.INVALID_REQUEST, "the body could not be read to its end"));
      }
      case SdkServiceException e when e.isThrottlingException() -> {
        LOG.warnf("a call was throttled until its deadline: %s", e.getMessage());
        yield retryable(ProblemType.CONTENTION, "the ledger is busy; nothing was changed");
      }
      default -> LedgerUnavailable.isCauseOf(thrown) ? unavailable(thrown) : fault(thrown);
    };
  }

  private final UriInfo uri;
  private final Request request;

  public Problems(@Context UriInfo uri, @Context Request request) {
    this.uri = uri;
    this.request = request;
  }

  /// The path as it was sent. It is a URI reference, so a space or a byte that is no text stays
  /// escaped.
  private String path() {
    return uri.getRequestUri().getRawPath();
  }

  private Response answer(Problem problem) {
    Response.ResponseBuilder response = problem.withInstance(path()).response();
    return problem.status() == ProblemType.METHOD_NOT_ALLOWED.status()
        ? response.header(HttpHeaders.ALLOW, Routes.allowed(path(), request.getMethod())).build()
        : response.build();
  }

  private Response unavailable(Throwable e) {
    Throwable cause = e.getCause() == null ? e : e.getCause();
    LOG.errorf(
        "the ledger is unavailable: %s: %s: %s",
        e.getMessage(), cause.getClass().getName(), cause.getMessage());
    return retryable(
        ProblemType.LEDGER_UNAVAILABLE, "the ledger did not answer; send the same request again");
  }

  private Response retryable(ProblemType type, String detail) {
    return Problem.of(type, detail)
        .withInstance(path())
        .response()
        .header(HttpHeaders.RETRY_AFTER, RETRY_AFTER_SECONDS)
        .build();
  }

  private Response http(WebApplicationException e) {
    return switch (e) {
      case NotFoundException notFound ->
          answer(Problem.of(ProblemType.NOT_FOUND, "there is nothing at this path"));
      case NotAllowedException notAllowed ->
          answer(Problem.of(ProblemType.METHOD_NOT_ALLOWED, "this path does not take that method"));
      case NotAcceptableException notAcceptable ->
          answer(
              Problem.of(ProblemType.NOT_ACCEPTABLE, "no answer is of a type that Accept allows"));
      case NotSupportedException notSupported ->
          answer(Problem.of(ProblemType.UNSUPPORTED_MEDIA_TYPE, "bodies are application/json"));
      default ->
          e.getResponse().getStatus() < 500
              ? answer(Problem.of(ProblemType.INVALID_REQUEST, "the request could not be read"))
              : fault(e);
    };
  }

  private Response fault(Throwable thrown) {
    String traceId = UUID.randomUUID().toString();
    LOG.errorf(thrown, "an unexpected fault, trace id %s", traceId);
    return answer(Problem.of(ProblemType.INTERNAL, "an unexpected fault, trace id " + traceId));
  }
}
