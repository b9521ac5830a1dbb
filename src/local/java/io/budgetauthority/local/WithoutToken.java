package io.budgetauthority.local;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.regex.Pattern;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItemsRequest;

/// Takes the token out of a transaction that the SDK put there. Before each transaction Dynoxide
/// looks at every token of the last ten minutes, so that the local build under steady load would
/// become slower by the minute. Nothing of ours relies on the token: it is a new one for each call,
/// and a write that is sent again is told apart by its conditions.
public final class WithoutToken implements ExecutionInterceptor {

  private static final Pattern TOKEN =
      Pattern.compile(",\"ClientRequestToken\":\"[^\"]*\"|\"ClientRequestToken\":\"[^\"]*\",");

  /// With blanks in its place the body is as long as its header says.
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

  static String withoutToken(String json) {
    return TOKEN.matcher(json).replaceFirst(token -> " ".repeat(token.group().length()));
  }

  static String textOf(RequestBody body) {
    try (InputStream content = body.contentStreamProvider().newStream()) {
      return new String(content.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException("A request that is in memory cannot be read", e);
    }
  }
}
