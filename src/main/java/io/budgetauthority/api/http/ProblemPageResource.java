package io.budgetauthority.api.http;

import io.budgetauthority.api.problem.BlockProblem;
import io.budgetauthority.api.problem.Problem;
import io.budgetauthority.api.problem.ProblemType;
import io.budgetauthority.record.ProblemCode;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;

/// Explains each problem code to a person (protocol.md#problems). The call needs no key.
@Path("/problems/{code}")
@Produces(MediaType.TEXT_HTML + ";charset=UTF-8")
public final class ProblemPageResource {

  private static final String TEXTS = "/problems.properties";
  private static final String PAGE =
      """
      <!doctype html>
      <html lang="en">
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width">
      <title>%1$s</title>
      <style>body { font: 1rem/1.5 sans-serif; margin: 3rem auto; max-width: 40rem; padding: 0 1rem }</style>
      <h1>%2$s</h1>
      <p><code>%1$s</code>, status %3$s</p>
      <h2>What it means</h2>
      <p>%4$s</p>
      <h2>What to do</h2>
      <p>%5$s</p>
      </html>
      """;

  private final Map<String, String> pages = new LinkedHashMap<>();

  ProblemPageResource() {
    Properties texts = texts();
    for (ProblemType type : ProblemType.values()) {
      put(type.code(), type.title(), Integer.toString(type.status()), texts);
    }
    for (ProblemCode code : ProblemCode.values()) {
      if (Arrays.stream(ProblemType.values()).noneMatch(it -> it.name().equals(code.name()))) {
        put(
            code.wireName(),
            BlockProblem.title(code),
            "402, unless the tenant's policy sets another",
            texts);
      }
    }
  }

  @GET
  public String explain(@PathParam("code") String code) {
    String page = pages.get(code);
    if (page == null) {
      throw Problem.of(ProblemType.NOT_FOUND, "there is no problem " + code).exception();
    }
    return page;
  }

  private void put(String code, String title, String status, Properties texts) {
    pages.put(
        code,
        PAGE.formatted(
            escape(code),
            escape(title),
            escape(status),
            escape(text(texts, code + ".means")),
            escape(text(texts, code + ".do"))));
  }

  private static String text(Properties texts, String name) {
    return Objects.requireNonNull(texts.getProperty(name), name);
  }

  /// The text of each problem's page, by its code.
  static Properties texts() {
    Properties texts = new Properties();
    try (InputStream in = ProblemPageResource.class.getResourceAsStream(TEXTS);
        Reader reader =
            new InputStreamReader(Objects.requireNonNull(in, TEXTS), StandardCharsets.UTF_8)) {
      texts.load(reader);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return texts;
  }

  private static String escape(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;");
  }
}
