package io.budgetauthority.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Optional;
import org.assertj.core.api.AssertProvider;
import org.jspecify.annotations.Nullable;

/// A caller of the protocol over HTTP, with one API key.
public final class Http {

  private static final HttpClient CLIENT = HttpClient.newHttpClient();
  private static final ObjectMapper JSON = new ObjectMapper();

  private final URI base;
  private final @Nullable String apiKey;

  public Http(URI base, @Nullable String apiKey) {
    this.base = base;
    this.apiKey = apiKey;
  }

  /// An answer as a client sees it.
  public record Answer(int status, HttpResponse<String> response)
      implements AssertProvider<AnswerAssert> {

    /// Called by AssertJ's `assertThat`.
    @Override
    public AnswerAssert assertThat() {
      return new AnswerAssert(this);
    }

    public JsonNode json() {
      try {
        return JSON.readTree(response.body());
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    public @Nullable String header(String name) {
      return response.headers().firstValue(name).orElse(null);
    }

    public String text(String field) {
      return json().path(field).asText();
    }

    @Override
    public String toString() {
      return status + " " + response.body();
    }
  }

  public Answer get(String path) {
    return send("GET", path, null);
  }

  public Answer post(String path, @Nullable String body, String... headers) {
    return send("POST", path, body, headers);
  }

  /// An ask; `keyAndRun` is the idempotency key and, if there is a second, the run's id.
  public Answer ask(String body, String... keyAndRun) {
    return keyAndRun.length == 1
        ? post("/budget/decisions", body, "Idempotency-Key", keyAndRun[0])
        : post(
            "/budget/decisions", body, "Idempotency-Key", keyAndRun[0], "X-Run-Id", keyAndRun[1]);
  }

  public Answer send(String method, String path, @Nullable String body, String... headers) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(base.toString().replaceAll("/$", "") + path))
            .method(
                method,
                body == null
                    ? HttpRequest.BodyPublishers.noBody()
                    : HttpRequest.BodyPublishers.ofString(body));
    if (body != null) {
      request.header("Content-Type", "application/json");
    }
    Optional.ofNullable(apiKey).ifPresent(key -> request.header("Authorization", "Bearer " + key));
    for (int i = 0; i < headers.length; i += 2) {
      request.setHeader(headers[i], headers[i + 1]);
    }
    try {
      HttpResponse<String> response =
          CLIENT.send(request.build(), HttpResponse.BodyHandlers.ofString());
      return new Answer(response.statusCode(), response);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }
}
