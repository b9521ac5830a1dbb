package io.budgetauthority.api.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.budgetauthority.api.Http;
import io.budgetauthority.api.problem.ProblemType;
import io.budgetauthority.local.LocalCloudResource;
import io.budgetauthority.record.ProblemCode;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import java.net.URI;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The pages that explain problems to a person.
@QuarkusTest
@QuarkusTestResource(LocalCloudResource.class)
class ProblemPageTest {

  @TestHTTPResource URI base = URI.create("http://unset");

  static Set<String> codes() {
    Set<String> codes = new TreeSet<>();
    Arrays.stream(ProblemType.values()).map(ProblemType::code).forEach(codes::add);
    Arrays.stream(ProblemCode.values()).map(ProblemCode::wireName).forEach(codes::add);
    return codes;
  }

  @ParameterizedTest
  @MethodSource("codes")
  void whenAProblemHasACode_itHasAPage(String code) {
    Http.Answer page = new Http(base, null).get("/problems/" + code);
    assertThat(page).hasStatus(200);
    String type = page.header("Content-Type");
    assertThat(type).isNotNull();
    assertThat(type).startsWith("text/html");
    String body = page.response().body();
    assertThat(body).contains("<code>" + code + "</code>");
    assertThat(body).doesNotContain("<script");
    assertThat(body).doesNotContain("null");
  }

  @Test
  void whenAPageIsShown_itNamesTheStatusAndNoTextIsUnused() {
    Http anybody = new Http(base, null);
    assertThat(anybody.get("/problems/run_closed").response().body()).contains("status 409");
    assertThat(anybody.get("/problems/price_unknown").response().body()).contains("status 402");
    assertThat(new TreeSet<>(ProblemPageResource.texts().stringPropertyNames()))
        .isEqualTo(
            new TreeSet<>(
                codes().stream().flatMap(c -> Stream.of(c + ".do", c + ".means")).toList()));
  }

  @Test
  void whenACodeIsUnknown_itsPageIsNotFound() {
    Http.Answer answer = new Http(base, null).get("/problems/%3Cscript%3E");
    assertThat(answer)
        .hasStatus(404)
        .hasHeader("Content-Type", "application/problem+json")
        .hasText("code", "not_found")
        .hasText("instance", "/problems/%3Cscript%3E");
  }
}
