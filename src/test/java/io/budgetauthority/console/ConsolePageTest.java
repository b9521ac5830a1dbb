package io.budgetauthority.console;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.budgetauthority.api.Http;
import io.budgetauthority.api.problem.ProblemException;
import io.budgetauthority.local.LocalCloudResource;
import io.quarkiverse.web.bundler.runtime.Bundle;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;

/// The page of the console and the index, without a browser.
@QuarkusTest
@QuarkusTestResource(LocalCloudResource.class)
class ConsolePageTest {

  private static final Pattern FILE = Pattern.compile("(?:src|href)=\"(/console/[^\"]+)\"");
  private static final int MAX_FIRST_LOAD_BYTES = 300_000;

  @TestHTTPResource URI base = URI.create("http://unset");

  @Inject Bundle bundle;

  private Http anybody() {
    return new Http(base, null);
  }

  @Test
  void whenAProgramAsksForTheRoot_itGetsThePaths() {
    Http.Answer any = anybody().get("/");
    Http.Answer json = anybody().send("GET", "/", null, "Accept", "application/json");

    assertThat(any).hasStatus(200).hasText("api", "/budget").hasText("console", "/console");
    assertThat(json).hasStatus(200).hasText("openapi", "/openapi").hasHeader("Vary", "Accept");
  }

  @Test
  void whenABrowserAsksForTheRoot_itIsLedToTheConsole() {
    Http.Answer answer =
        anybody().send("GET", "/", null, "Accept", "text/html,application/xhtml+xml,*/*;q=0.8");

    assertThat(answer).hasStatus(303);
    assertThat(URI.create(answer.header("Location")).getPath()).isEqualTo("/console");
  }

  @Test
  void whenAcceptIsMalformed_theRootSendsThePaths() {
    for (String accept : List.of("text/", "/", ";", ",,")) {
      assertThat(anybody().send("GET", "/", null, "Accept", accept))
          .as(accept)
          .hasStatus(200)
          .hasText("api", "/budget");
    }
  }

  @Test
  void whenAScreenIsAskedFor_thePageIsTheSame() {
    Http.Answer page = anybody().get("/console");

    assertThat(page).hasStatus(200).hasHeader("Cache-Control", "no-cache");
    assertThat(page.header("Content-Security-Policy")).contains("default-src 'none'");
    for (String screen : List.of("/console/", "/console/runs/run-1", "/console/budgets?id=ada")) {
      assertThat(anybody().get(screen).response().body())
          .as(screen)
          .isEqualTo(page.response().body());
    }
    assertThat(anybody().get("/console/assets/none.js").status()).isEqualTo(404);
  }

  @Test
  void whenThePageIsLoaded_itsFilesAreFewBytes() throws IOException {
    List<String> files = files(anybody().get("/console").response().body());
    assertThat(files).hasSize(2);
    int bytes = 0;
    for (String file : files) {
      Http.Answer answer = anybody().get(file);
      assertThat(answer).as(file).hasStatus(200);
      bytes += compressed(answer.response().body());
    }
    assertThat(bytes).isLessThan(MAX_FIRST_LOAD_BYTES);
  }

  private static List<String> files(String page) {
    List<String> files = new ArrayList<>();
    Matcher matcher = FILE.matcher(page);
    while (matcher.find()) {
      files.add(matcher.group(1));
    }
    return files;
  }

  private static int compressed(String text) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
      gzip.write(text.getBytes(StandardCharsets.UTF_8));
    }
    return out.size();
  }

  @Test
  void whenTheConsoleIsSwitchedOff_itIsNotFound() {
    ConsoleResource off = new ConsoleResource(() -> false, bundle);

    ProblemException refused = assertThrows(ProblemException.class, off::first);

    assertThat(refused.problem().status()).isEqualTo(404);
    assertThrows(ProblemException.class, off::screen);
  }
}
