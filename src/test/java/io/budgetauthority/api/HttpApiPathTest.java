package io.budgetauthority.api;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.amazonaws.services.lambda.runtime.events.APIGatewayV2HTTPEvent;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/// What an HTTP API made of a path is made undone.
class HttpApiPathTest {

  @Test
  void whatMayNotStandInAPathIsEncodedAgain() {
    assertEquals("/budget/runs/a%23b%7Cc:d", HttpApiPath.encode("/budget/runs/a#b|c:d"));
    assertEquals("/runs/caf%C3%A9%20%F0%9F%92%B6", HttpApiPath.encode("/runs/café 💶"));
    assertEquals("/runs/a%3Fb%22", HttpApiPath.encode("/runs/a?b\""));
  }

  @Test
  void whatMayStandThereStaysAndSoDoesAnEncodedPercentSign() {
    String plain = "/budget/runs/A-z.0_~!$&'()*+,;=:@";
    assertEquals(plain, HttpApiPath.encode(plain));
    assertEquals("/runs/100%25", HttpApiPath.encode("/runs/100%25"));
    assertEquals("/runs/100%25", HttpApiPath.encode("/runs/100%"));
    assertEquals("/runs/%25zz", HttpApiPath.encode("/runs/%zz"));
  }

  @Test
  void everyCharacterOfAnIdButASlashComesBack() {
    for (int point = 1; point < 0x2000; point++) {
      String id = "a" + Character.toString(point) + "b";
      if (point == '/' || point == '%' || point == '+') {
        continue;
      }
      assertEquals(
          id, URLDecoder.decode(HttpApiPath.encode(id), StandardCharsets.UTF_8), "U+" + point);
    }
  }

  @Test
  void theEventOfAFunctionIsReadSo() throws JsonProcessingException {
    ObjectMapper mapper =
        new ObjectMapper().disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);
    new HttpApiPath().customize(mapper);
    APIGatewayV2HTTPEvent event =
        mapper.readValue(
            "{\"rawPath\": \"/runs/a b\", \"version\": \"2.0\"}", APIGatewayV2HTTPEvent.class);
    assertEquals("/runs/a%20b", event.getRawPath());
    assertEquals("2.0", event.getVersion());
  }
}
