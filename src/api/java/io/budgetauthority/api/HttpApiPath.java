package io.budgetauthority.api;

import com.amazonaws.services.lambda.runtime.events.APIGatewayV2HTTPEvent;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.annotation.JsonDeserialize;
import com.fasterxml.jackson.databind.util.StdConverter;
import io.quarkus.jackson.ObjectMapperCustomizer;
import io.quarkus.runtime.annotations.RegisterForReflection;
import jakarta.inject.Singleton;
import java.nio.charset.StandardCharsets;

/// Gives requests the path that their client sent. An HTTP API hands it over decoded, all of it but
/// `%25`, so that an id with a space or a `#` would make no request at all; what may not stand in a
/// path is encoded again before the server sees it. A `/` in an id cannot be told from one between
/// ids any more, and what follows a `?` is lost before: ids with these work in bodies alone.
@Singleton
final class HttpApiPath implements ObjectMapperCustomizer {

  /// What RFC 3986 lets stand in a path as it is, beside letters and digits.
  private static final String AS_IT_IS = "/-._~!$&'()*+,;=:@";

  private static final int HEX_DIGITS = 2;

  @Override
  public void customize(ObjectMapper mapper) {
    mapper.addMixIn(APIGatewayV2HTTPEvent.class, Encoded.class);
  }

  /// What is read otherwise of an event than it comes.
  @RegisterForReflection
  abstract static class Encoded {
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
