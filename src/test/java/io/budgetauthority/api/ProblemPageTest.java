package io.budgetauthority.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.budgetauthority.api.http.ProblemPageResource;
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
    assertEquals(200, page.status(), page.toString());
    String type = page.header("Content-Type");
    assertNotNull(type);
    assertTrue(type.startsWith("text/html"), type);
    String body = page.response().body();
    assertTrue(body.contains("<code>" + code + "</code>"), body);
    assertFalse(body.contains("<script"), body);
    assertFalse(body.contains("null"), body);
  }

  @Test
  void whenAPageIsShown_itNamesTheStatusAndNoTextIsUnused() {
    Http anybody = new Http(base, null);
    assertTrue(anybody.get("/problems/run_closed").response().body().contains("status 409"));
    assertTrue(anybody.get("/problems/price_unknown").response().body().contains("status 402"));
    assertEquals(
        new TreeSet<>(codes().stream().flatMap(c -> Stream.of(c + ".do", c + ".means")).toList()),
        new TreeSet<>(ProblemPageResource.texts().stringPropertyNames()));
  }

  @Test
  void whenACodeIsUnknown_itsPageIsNotFound() {
    Http.Answer answer = new Http(base, null).get("/problems/%3Cscript%3E");
    assertEquals(404, answer.status());
    assertEquals("application/problem+json", answer.header("Content-Type"));
    assertEquals("not_found", answer.text("code"));
    assertEquals("/problems/%3Cscript%3E", answer.text("instance"));
  }
}
