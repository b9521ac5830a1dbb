package io.budgetauthority.api.http;

import io.budgetauthority.api.problem.Problem;
import io.budgetauthority.api.problem.ProblemException;
import io.budgetauthority.api.problem.ProblemType;
import io.budgetauthority.input.InputTooLarge;
import io.budgetauthority.input.InvalidInput;
import io.budgetauthority.storage.StorageContended;
import io.budgetauthority.storage.StorageUnavailable;
import jakarta.ws.rs.NotAcceptableException;
import jakarta.ws.rs.NotAllowedException;
import jakarta.ws.rs.NotFoundException;
import jakarta.ws.rs.NotSupportedException;
import jakarta.ws.rs.WebApplicationException;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.Request;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.UriInfo;
import java.io.IOException;
import java.util.UUID;
import org.jboss.logging.Logger;
import org.jboss.resteasy.reactive.server.ServerExceptionMapper;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.exception.SdkServiceException;

/// Maps every exception to a status and a problem document. No other class does this.
public class Problems {

  private static final Logger LOG = Logger.getLogger("budget.api");
  private static final String RETRY_AFTER_SECONDS = "2";
  private static final String SEND_AGAIN = "send the same request again";

  @ServerExceptionMapper
  public Response problem(ProblemException e, UriInfo uri, Request request) {
    return e.problem().status() == ProblemType.METHOD_NOT_ALLOWED.status()
        ? refusedMethod(e.problem(), uri, request)
        : answer(e.problem(), uri);
  }

  @ServerExceptionMapper
  public Response invalid(InvalidInput e, UriInfo uri) {
    return answer(
        Problem.of(ProblemType.INVALID_REQUEST, String.valueOf(e.getMessage()))
            .withErrors(e.errors()),
        uri);
  }

  @ServerExceptionMapper
  public Response tooLarge(InputTooLarge e, UriInfo uri) {
    return answer(Problem.of(ProblemType.BODY_TOO_LARGE, String.valueOf(e.getMessage())), uri);
  }

  @ServerExceptionMapper
  public Response brokenOff(IOException e, UriInfo uri) {
    LOG.infof("a request broke off: %s", e.getMessage());
    return answer(
        Problem.of(ProblemType.INVALID_REQUEST, "the body could not be read to its end"), uri);
  }

  @ServerExceptionMapper
  public Response contended(StorageContended e, UriInfo uri) {
    return contended(String.valueOf(e.getMessage()), SEND_AGAIN, uri);
  }

  @ServerExceptionMapper
  public Response unavailable(StorageUnavailable e, UriInfo uri) {
    return outage(e, SEND_AGAIN, uri);
  }

  @ServerExceptionMapper
  public Response unknown(UnknownOutcome e, UriInfo uri) {
    return e.failure() instanceof StorageContended contended
        ? contended(String.valueOf(contended.getMessage()), e.advice(), uri)
        : outage(e.failure(), e.advice(), uri);
  }

  /// The failure of a call to S3 or SQS, or a refusal of DynamoDB.
  @ServerExceptionMapper
  public Response ofAws(SdkException e, UriInfo uri) {
    if (e instanceof SdkServiceException answered && answered.isThrottlingException()) {
      LOG.warnf("a call was throttled until its deadline: %s", e.getMessage());
      return contended("the ledger is busy", SEND_AGAIN, uri);
    }
    return StorageUnavailable.isCauseOf(e) ? outage(e, SEND_AGAIN, uri) : fault(e, uri);
  }

  @ServerExceptionMapper
  public Response notFound(NotFoundException e, UriInfo uri) {
    return answer(Problem.of(ProblemType.NOT_FOUND, "there is nothing at this path"), uri);
  }

  @ServerExceptionMapper
  public Response notAllowed(NotAllowedException e, UriInfo uri, Request request) {
    return refusedMethod(
        Problem.of(ProblemType.METHOD_NOT_ALLOWED, "this path does not take that method"),
        uri,
        request);
  }

  @ServerExceptionMapper
  public Response notAcceptable(NotAcceptableException e, UriInfo uri) {
    return answer(
        Problem.of(ProblemType.NOT_ACCEPTABLE, "no answer is of a type that Accept allows"), uri);
  }

  @ServerExceptionMapper
  public Response notSupported(NotSupportedException e, UriInfo uri) {
    return answer(
        Problem.of(ProblemType.UNSUPPORTED_MEDIA_TYPE, "bodies are application/json"), uri);
  }

  @ServerExceptionMapper
  public Response http(WebApplicationException e, UriInfo uri) {
    return e.getResponse().getStatus() < 500
        ? answer(Problem.of(ProblemType.INVALID_REQUEST, "the request could not be read"), uri)
        : fault(e, uri);
  }

  @ServerExceptionMapper
  public Response fault(Throwable thrown, UriInfo uri) {
    String traceId = UUID.randomUUID().toString();
    LOG.errorf(thrown, "an unexpected fault, trace id %s", traceId);
    return answer(
        Problem.of(ProblemType.INTERNAL, "an unexpected fault, trace id " + traceId), uri);
  }

  private static Response contended(String what, String advice, UriInfo uri) {
    return retryable(ProblemType.CONTENTION, what + "; " + advice, uri);
  }

  private static Response outage(Throwable e, String advice, UriInfo uri) {
    Throwable cause = e.getCause() == null ? e : e.getCause();
    LOG.errorf(
        "the ledger is unavailable: %s: %s: %s",
        e.getMessage(), cause.getClass().getName(), cause.getMessage());
    return retryable(ProblemType.LEDGER_UNAVAILABLE, "the ledger did not answer; " + advice, uri);
  }

  private static Response answer(Problem problem, UriInfo uri) {
    return problem.withInstance(path(uri)).response().build();
  }

  private static Response refusedMethod(Problem problem, UriInfo uri, Request request) {
    return problem
        .withInstance(path(uri))
        .response()
        .header(HttpHeaders.ALLOW, Routes.allowed(path(uri), request.getMethod()))
        .build();
  }

  private static Response retryable(ProblemType type, String detail, UriInfo uri) {
    return Problem.of(type, detail)
        .withInstance(path(uri))
        .response()
        .header(HttpHeaders.RETRY_AFTER, RETRY_AFTER_SECONDS)
        .build();
  }

  /// The path as it was sent. It is a URI reference, so a space or a byte that is no text stays
  /// escaped.
  private static String path(UriInfo uri) {
    return uri.getRequestUri().getRawPath();
  }
}
