package io.budgetauthority.function;

import com.amazonaws.services.lambda.runtime.events.APIGatewayV2HTTPEvent;
import com.amazonaws.services.lambda.runtime.events.APIGatewayV2HTTPResponse;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.annotation.JsonDeserialize;
import com.fasterxml.jackson.databind.annotation.JsonSerialize;
import com.fasterxml.jackson.databind.util.StdConverter;
import io.quarkus.jackson.ObjectMapperCustomizer;
import io.quarkus.runtime.annotations.RegisterForReflection;
import jakarta.inject.Singleton;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.stream.Collectors;

/// Adapts the server to an HTTP API, which changes the requests that clients send.
///
/// The HTTP API decodes everything in a path except `%25`, so an id with a space or a `#` would
/// make the request invalid. This class encodes such characters again before the server sees the
/// path. A `/` in an id cannot be distinguished from one between ids, and the HTTP API loses what
/// follows a `?`. Ids with these characters work in bodies alone. The HTTP API gets an answer in
/// chunks as a whole, so this class removes the header that says it is chunked.
@Singleton
final class HttpApi implements ObjectMapperCustomizer {

  /// The characters that RFC 3986 allows in a path without encoding, beside letters and digits.
  private static final String AS_IT_IS = "/-._~!$&'()*+,;=:@";

  private static final int HEX_DIGITS = 2;
  private static final String TRANSFER_ENCODING = "Transfer-Encoding";

  @Override
  public void customize(ObjectMapper mapper) {
    mapper.addMixIn(APIGatewayV2HTTPEvent.class, AsSent.class);
    mapper.addMixIn(APIGatewayV2HTTPResponse.class, Whole.class);
  }

  /// How an event is read: its path is encoded again.
  @RegisterForReflection
  abstract static class AsSent {
    @JsonDeserialize(converter = Encoding.class)
    abstract void setRawPath(String path);
  }

  @RegisterForReflection
  static final class Encoding extends StdConverter<String, String> {
    @Override
    public String convert(String path) {
      return encode(path);
    }
  }

  /// How an answer is written: without the header for chunks.
  @RegisterForReflection
  abstract static class Whole {
    @JsonSerialize(converter = WithoutTransferEncoding.class)
    abstract Map<String, String> getHeaders();
  }

  @RegisterForReflection
  static final class WithoutTransferEncoding
      extends StdConverter<Map<String, String>, Map<String, String>> {
    @Override
    public Map<String, String> convert(Map<String, String> headers) {
      return headers.entrySet().stream()
          .filter(header -> !header.getKey().equalsIgnoreCase(TRANSFER_ENCODING))
          .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
    }
  }

  static String encode(String path) {
    StringBuilder encoded = new StringBuilder();
    for (int at = 0; at < path.length(); ) {
      int point = path.codePointAt(at);
      boolean stays =
          isLetterOrDigit(point)
              || AS_IT_IS.indexOf(point) >= 0
              || (point == '%' && isEscape(path, at));
      if (stays) {
        encoded.appendCodePoint(point);
      } else {
        for (byte octet : Character.toString(point).getBytes(StandardCharsets.UTF_8)) {
          encoded.append("%%%02X".formatted(octet & 0xFF));
        }
      }
      at += Character.charCount(point);
    }
    return encoded.toString();
  }

  private static boolean isEscape(String path, int at) {
    return path.length() > at + HEX_DIGITS
        && Character.digit(path.charAt(at + 1), 16) >= 0
        && Character.digit(path.charAt(at + 2), 16) >= 0;
  }

  private static boolean isLetterOrDigit(int point) {
    return point < 0x80 && Character.isLetterOrDigit(point);
  }
}
