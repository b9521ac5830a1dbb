package io.budgetauthority.function;

import static org.assertj.core.api.Assertions.assertThat;

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
    assertThat(HttpApi.encode("/budget/runs/a#b|c:d")).isEqualTo("/budget/runs/a%23b%7Cc:d");
    assertThat(HttpApi.encode("/runs/café 💶")).isEqualTo("/runs/caf%C3%A9%20%F0%9F%92%B6");
    assertThat(HttpApi.encode("/runs/a?b\"")).isEqualTo("/runs/a%3Fb%22");
  }

  @Test
  void whenACharacterMayBeInAPath_onlyAPercentSignIsEncoded() {
    String plain = "/budget/runs/A-z.0_~!$&'()*+,;=:@";
    assertThat(HttpApi.encode(plain)).isEqualTo(plain);
    assertThat(HttpApi.encode("/runs/100%25")).isEqualTo("/runs/100%25");
    assertThat(HttpApi.encode("/runs/100%")).isEqualTo("/runs/100%25");
    assertThat(HttpApi.encode("/runs/%zz")).isEqualTo("/runs/%25zz");
  }

  @Test
  void whenAnIdIsEncoded_decodingRestoresIt() {
    for (int point = 1; point < 0x2000; point++) {
      String id = "a" + Character.toString(point) + "b";
      if (point == '/' || point == '%' || point == '+') {
        continue;
      }
      assertThat(URLDecoder.decode(HttpApi.encode(id), StandardCharsets.UTF_8))
          .as("U+" + point)
          .isEqualTo(id);
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
    assertThat(event.getRawPath()).isEqualTo("/runs/a%20b");
    assertThat(event.getVersion()).isEqualTo("2.0");
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
    assertThat(mapper.valueToTree(answer).path("headers"))
        .isEqualTo(mapper.createObjectNode().put("ETag", "\"1\""));
  }

  @Test
  void whenABudgetPathHasAnotherRoute_theBypassIsDetected() {
    String other = "$default";
    assertThat(AuthorizedRoute.isPastTheAuthorizer(other, "/budget/decisions")).isTrue();
    assertThat(AuthorizedRoute.isPastTheAuthorizer(other, "/budget;a=b/decisions")).isTrue();
    assertThat(AuthorizedRoute.isPastTheAuthorizer(other, "/q/health/ready")).isFalse();
    assertThat(AuthorizedRoute.isPastTheAuthorizer("ANY /budget/{proxy+}", "/budget/decisions"))
        .isFalse();
    assertThat(AuthorizedRoute.isPastTheAuthorizer(null, "/budget/decisions")).isFalse();
  }
}
