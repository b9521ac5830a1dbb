package io.budgetauthority.api;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.budgetauthority.price.PriceTables;
import io.quarkus.vertx.http.runtime.filters.Filters;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;

/// Refuses a body that says of itself that it is larger than any may be (protocol, introduction),
/// before it is read and with a problem document, which the server's own limit would not send.
@Singleton
final class BodyLimit {

  /// Before the server's own limit.
  private static final int PRIORITY = 1_000;

  /// Up to this much is read and thrown away, so that a client that sends all before it reads sees
  /// the answer; of more the connection is closed.
  private static final long MOST_READ_BYTES = 4L * PriceTables.MOST_SOURCE_BYTES;

  private final ObjectMapper json;

  BodyLimit(ObjectMapper json) {
    this.json = json;
  }

  void register(@Observes Filters filters) {
    filters.register(this::limit, PRIORITY);
  }

  private void limit(RoutingContext context) {
    HttpServerRequest request = context.request();
    long bytes = contentLength(request);
    if (bytes <= PriceTables.MOST_SOURCE_BYTES) {
      context.next();
    } else if (bytes <= MOST_READ_BYTES) {
      request.endHandler(end -> refuse(context, bytes));
      request.resume();
    } else {
      if (request.version() != HttpVersion.HTTP_2) {
        context.response().putHeader(HttpHeaders.CONNECTION, HttpHeaders.CLOSE);
      }
      refuse(context, bytes);
    }
  }

  private static long contentLength(HttpServerRequest request) {
    String stated = request.getHeader(HttpHeaders.CONTENT_LENGTH);
    return stated != null && stated.matches("[0-9]{1,18}") ? Long.parseLong(stated) : 0;
  }

  private void refuse(RoutingContext context, long bytes) {
    Problem problem =
        Problem.of(
                ProblemType.BODY_TOO_LARGE,
                "the body has "
                    + bytes
                    + " bytes, the most of any is "
                    + PriceTables.MOST_SOURCE_BYTES)
            .withInstance(context.request().path());
    try {
      var unused =
          context
              .response()
              .setStatusCode(problem.status())
              .putHeader(HttpHeaders.CONTENT_TYPE, Problem.MEDIA_TYPE)
              .end(json.writeValueAsString(problem));
    } catch (JsonProcessingException e) {
      context.fail(e);
    }
  }
}
