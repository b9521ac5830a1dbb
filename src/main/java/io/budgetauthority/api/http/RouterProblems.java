package io.budgetauthority.api.http;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.budgetauthority.api.problem.Problem;
import io.budgetauthority.api.problem.ProblemType;
import io.budgetauthority.price.table.PriceTables;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;

/// Refuses a body whose `Content-Length` is above the maximum of all bodies (protocol,
/// introduction), before the body is read, with a problem document. The server itself refuses some
/// requests earlier and answers them without a body: a request line above its limit (414), a URI
/// with a `%` that escapes nothing or a request that is not HTTP (400), and chunks above its limit
/// (413). No problem document can be added to these answers.
@Singleton
final class RouterProblems {

  /// Runs the handler before every other one.
  private static final int FIRST = Integer.MIN_VALUE;

  /// The server reads and drops a body of at most this many bytes, so that a client which sends
  /// everything before it reads sees the answer. For a larger body the connection is closed.
  private static final long MAX_READ_BYTES = 4L * PriceTables.MAX_SOURCE_BYTES;

  private final ObjectMapper json;

  RouterProblems(ObjectMapper json) {
    this.json = json;
  }

  void register(@Observes Router router) {
    router.route().order(FIRST).handler(this::limitBody);
  }

  private void limitBody(RoutingContext context) {
    HttpServerRequest request = context.request();
    long bytes = contentLength(request);
    if (bytes <= PriceTables.MAX_SOURCE_BYTES) {
      context.next();
      return;
    }
    Problem problem =
        Problem.of(
            ProblemType.BODY_TOO_LARGE,
            "the body has " + bytes + " bytes, the most of any is " + PriceTables.MAX_SOURCE_BYTES);
    if (bytes <= MAX_READ_BYTES) {
      request.endHandler(end -> refuse(context, problem, false));
      request.resume();
    } else {
      if (request.version() != HttpVersion.HTTP_2) {
        context.response().putHeader(HttpHeaders.CONNECTION, HttpHeaders.CLOSE);
      }
      refuse(context, problem, true);
    }
  }

  private static long contentLength(HttpServerRequest request) {
    String stated = request.getHeader(HttpHeaders.CONTENT_LENGTH);
    return stated != null && stated.matches("[0-9]{1,18}") ? Long.parseLong(stated) : 0;
  }

  private void refuse(RoutingContext context, Problem problem, boolean close) {
    HttpServerRequest request = context.request();
    try {
      var unused =
          context
              .response()
              .setStatusCode(problem.status())
              .putHeader(HttpHeaders.CONTENT_TYPE, Problem.MEDIA_TYPE)
              .end(json.writeValueAsString(problem.withInstance(request.path())))
              .onComplete(
                  sent -> {
                    if (close && request.version() != HttpVersion.HTTP_2) {
                      request.connection().close();
                    }
                  });
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a problem cannot be written", e);
    }
  }
}
