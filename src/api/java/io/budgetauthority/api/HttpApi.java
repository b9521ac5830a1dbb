package io.budgetauthority.api;

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

/// Stands between the server and an HTTP API, which hands requests over otherwise than clients send
/// them.
///
/// It decodes paths, all of them but `%25`, so that an id with a space or a `#` would make no
/// request at all: what may not stand in a path is encoded again before the server sees it. A `/`
/// in an id cannot be told from one between ids any more, and what follows a `?` is lost before:
/// ids with these work in bodies alone. And an answer in chunks comes to it whole, so its header
/// does not say that it were chunked.
@Singleton
final class HttpApi implements ObjectMapperCustomizer {

  /// What RFC 3986 lets stand in a path as it is, beside letters and digits.
  private static final String AS_IT_IS = "/-._~!$&'()*+,;=:@";

  private static final int HEX_DIGITS = 2;
  private static final String TRANSFER_ENCODING = "Transfer-Encoding";

  @Override
  public void customize(ObjectMapper mapper) {
    mapper.addMixIn(APIGatewayV2HTTPEvent.class, AsSent.class);
    mapper.addMixIn(APIGatewayV2HTTPResponse.class, Whole.class);
  }

  /// What is read otherwise of an event than it comes.
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

  /// What is written otherwise of an answer than it is.
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
