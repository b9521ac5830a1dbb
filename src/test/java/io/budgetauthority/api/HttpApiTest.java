package io.budgetauthority.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.amazonaws.services.lambda.runtime.events.APIGatewayV2HTTPEvent;
import com.amazonaws.services.lambda.runtime.events.APIGatewayV2HTTPResponse;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// What an HTTP API makes of requests, and is told of answers.
class HttpApiTest {

  @Test
  void whenACharacterMayNotBeInAPath_itIsEncodedAgain() {
    assertEquals("/budget/runs/a%23b%7Cc:d", HttpApi.encode("/budget/runs/a#b|c:d"));
    assertEquals("/runs/caf%C3%A9%20%F0%9F%92%B6", HttpApi.encode("/runs/café 💶"));
    assertEquals("/runs/a%3Fb%22", HttpApi.encode("/runs/a?b\""));
  }

  @Test
  void whenACharacterMayBeInAPath_onlyAPercentSignIsEncoded() {
    String plain = "/budget/runs/A-z.0_~!$&'()*+,;=:@";
    assertEquals(plain, HttpApi.encode(plain));
    assertEquals("/runs/100%25", HttpApi.encode("/runs/100%25"));
    assertEquals("/runs/100%25", HttpApi.encode("/runs/100%"));
    assertEquals("/runs/%25zz", HttpApi.encode("/runs/%zz"));
  }

  @Test
  void whenAnIdIsEncoded_decodingRestoresIt() {
    for (int point = 1; point < 0x2000; point++) {
      String id = "a" + Character.toString(point) + "b";
      if (point == '/' || point == '%' || point == '+') {
        continue;
      }
      assertEquals(id, URLDecoder.decode(HttpApi.encode(id), StandardCharsets.UTF_8), "U+" + point);
    }
  }

  @Test
  void whenAFunctionsEventIsRead_itsPathIsEncoded() throws JsonProcessingException {
    ObjectMapper mapper =
        new ObjectMapper().disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);
    new HttpApi().customize(mapper);
    APIGatewayV2HTTPEvent event =
        mapper.readValue(
            "{\"rawPath\": \"/runs/a b\", \"version\": \"2.0\"}", APIGatewayV2HTTPEvent.class);
    assertEquals("/runs/a%20b", event.getRawPath());
    assertEquals("2.0", event.getVersion());
  }

  @Test
  void whenAnAnswerIsChunked_theTransferEncodingIsLeftOut() {
    ObjectMapper mapper = new ObjectMapper();
    new HttpApi().customize(mapper);
    APIGatewayV2HTTPResponse answer =
        APIGatewayV2HTTPResponse.builder()
            .withStatusCode(200)
            .withHeaders(Map.of("transfer-encoding", "chunked", "ETag", "\"1\""))
            .build();
    assertEquals(
        mapper.createObjectNode().put("ETag", "\"1\""), mapper.valueToTree(answer).path("headers"));
  }

  @Test
  void whenABudgetPathHasAnotherRoute_theBypassIsDetected() {
    String other = "$default";
    assertTrue(AuthorizedRoute.isPastTheAuthorizer(other, "/budget/decisions"));
    assertTrue(AuthorizedRoute.isPastTheAuthorizer(other, "/budget;a=b/decisions"));
    assertFalse(AuthorizedRoute.isPastTheAuthorizer(other, "/q/health/ready"));
    assertFalse(AuthorizedRoute.isPastTheAuthorizer("ANY /budget/{proxy+}", "/budget/decisions"));
    assertFalse(AuthorizedRoute.isPastTheAuthorizer(null, "/budget/decisions"));
  }
}
