package io.budgetauthority.api.http;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// Serves the OpenAPI document, which is written by hand. The call needs no key. The answer is YAML
/// as written, or JSON if `format` or `Accept` asks for JSON. The document is read at the first
/// request, so that it does not delay the start.
@Singleton
final class OpenApiDocument {

  private static final String PATH = "/openapi";
  private static final String SOURCE = "/META-INF/openapi.yaml";
  private static final String JSON = "application/json";
  private static final String YAML = "application/yaml";

  private final ObjectMapper json;
  private @Nullable Buffer asYaml;
  private @Nullable Buffer asJson;

  OpenApiDocument(ObjectMapper json) {
    this.json = json;
  }

  void register(@Observes Router router) {
    router
        .route(PATH)
        .method(HttpMethod.GET)
        .method(HttpMethod.HEAD)
        .blockingHandler(this::answer, false);
  }

  private void answer(RoutingContext context) {
    boolean wantsJson = wantsJson(context);
    Buffer document = wantsJson ? asJson() : asYaml();
    HttpServerResponse response =
        context
            .response()
            .putHeader(HttpHeaders.CONTENT_TYPE, (wantsJson ? JSON : YAML) + ";charset=UTF-8")
            .putHeader(HttpHeaders.CONTENT_LENGTH, Integer.toString(document.length()));
    var unused =
        context.request().method().equals(HttpMethod.HEAD)
            ? response.end()
            : response.end(document);
  }

  private static boolean wantsJson(RoutingContext context) {
    String format = context.queryParams().get("format");
    if (format != null) {
      return format.equalsIgnoreCase("json");
    }
    String accepted = context.request().getHeader(HttpHeaders.ACCEPT);
    return accepted != null && accepted.startsWith(JSON);
  }

  private synchronized Buffer asJson() {
    Buffer known = asJson;
    if (known == null) {
      try {
        known = Buffer.buffer(json.writeValueAsBytes(new YAMLMapper().readTree(read())));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      asJson = known;
    }
    return known;
  }

  private synchronized Buffer asYaml() {
    Buffer known = asYaml;
    if (known == null) {
      known = Buffer.buffer(read());
      asYaml = known;
    }
    return known;
  }

  private static byte[] read() {
    try (InputStream in =
        Objects.requireNonNull(OpenApiDocument.class.getResourceAsStream(SOURCE), SOURCE)) {
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
