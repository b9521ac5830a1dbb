package io.budgetauthority.local;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItemsRequest;

/// Removes the token of a transaction. Dynoxide reads every token of the last ten minutes before
/// each transaction, so under steady load the local build would become slower by the minute. The
/// authority does not need the token: what is stored tells whether a write was sent before.
public final class WithoutToken implements ExecutionInterceptor {

  /// Within a value, which is a JSON string, a backslash stands before each of these quotes.
  private static final String TOKEN = "\"ClientRequestToken\":\"";

  /// Replaces the token by blanks, so that the body keeps the length that its header states.
  @Override
  public Optional<RequestBody> modifyHttpContent(
      Context.ModifyHttpRequest context, ExecutionAttributes attributes) {
    if (!(context.request() instanceof TransactWriteItemsRequest)) {
      return context.requestBody();
    }
    return context
        .requestBody()
        .map(body -> RequestBody.fromString(withoutToken(textOf(body)), StandardCharsets.UTF_8));
  }

  /// A search for a fixed text, because a pattern took 4 % of the CPU time of a decision.
  static String withoutToken(String json) {
    int at = json.indexOf(TOKEN);
    if (at < 0) {
      return json;
    }
    int end = json.indexOf('"', at + TOKEN.length()) + 1;
    boolean isLast = json.charAt(at - 1) == ',';
    int from = isLast ? at - 1 : at;
    int to = isLast || json.charAt(end) != ',' ? end : end + 1;
    return json.substring(0, from) + " ".repeat(to - from) + json.substring(to);
  }

  static String textOf(RequestBody body) {
    try (InputStream content = body.contentStreamProvider().newStream()) {
      return new String(content.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException("A request that is in memory cannot be read", e);
    }
  }
}
