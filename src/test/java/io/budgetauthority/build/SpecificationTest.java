package io.budgetauthority.build;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// The specification is in the repository, everything that cites it cites a place that is there,
/// and it knows every path, policy member and problem code of the OpenAPI document.
class SpecificationTest {

  private static final Path SPEC = Path.of("docs/spec");
  private static final List<String> CITING =
      List.of("src", "conformance/cases", "clients", "bench", "infra", "docs", "README.md");
  private static final Pattern FILES = Pattern.compile(".*\\.(java|py|json|md|yaml|properties)");
  private static final Pattern CITATION =
      Pattern.compile("\\b(protocol|ledger|pricing)\\.md#([\\w-]*)");
  private static final Pattern BY_NUMBER =
      Pattern.compile("(?i)\\b(protocol|ledger\\.md|pricing\\.md),? sections? \\d");
  private static final Pattern HEADING = Pattern.compile("(?m)^#+ (.+)$");
  private static final Pattern CODE = Pattern.compile("`([a-z_]+)`");

  private static JsonNode document() throws IOException {
    return new YAMLMapper()
        .readTree(Files.readString(Path.of("src/main/resources/META-INF/openapi.yaml")));
  }

  private static Map<String, Set<String>> anchors() throws IOException {
    Map<String, Set<String>> anchors = new HashMap<>();
    for (String page : List.of("protocol", "ledger", "pricing")) {
      Set<String> ofPage = new TreeSet<>();
      HEADING
          .matcher(Files.readString(SPEC.resolve(page + ".md")))
          .results()
          .map(heading -> slug(heading.group(1)))
          .forEach(
              slug ->
                  assertThat(ofPage.add(slug))
                      .as("two headings of " + page + " are " + slug)
                      .isTrue());
      anchors.put(page, ofPage);
    }
    return anchors;
  }

  /// The anchor that GitHub gives a heading.
  private static String slug(String heading) {
    return heading.toLowerCase(Locale.ROOT).replaceAll("[^\\w\\- ]", "").strip().replace(' ', '-');
  }

  private static List<Path> citing() throws IOException {
    List<Path> files = new ArrayList<>();
    for (String root : CITING) {
      try (Stream<Path> walk = Files.walk(Path.of(root))) {
        walk.filter(Files::isRegularFile)
            .filter(file -> FILES.matcher(file.toString()).matches())
            .filter(file -> !file.toString().contains("/.venv/"))
            .forEach(files::add);
      }
    }
    return files;
  }

  @Test
  void whenTheSpecificationIsCited_thePlaceIsThere() throws IOException {
    Map<String, Set<String>> anchors = anchors();
    List<String> broken = new ArrayList<>();
    int citations = 0;
    for (Path file : citing()) {
      Matcher citation = CITATION.matcher(Files.readString(file, StandardCharsets.UTF_8));
      while (citation.find()) {
        citations++;
        if (!anchors.getOrDefault(citation.group(1), Set.of()).contains(citation.group(2))) {
          broken.add(file + ": " + citation.group());
        }
      }
    }
    assertThat(broken).isEmpty();
    assertThat(citations).as(citations + " citations were found").isGreaterThan(600);
  }

  @Test
  void whenTheSpecificationIsCited_itIsByNameAndNotByNumber() throws IOException {
    List<String> byNumber = new ArrayList<>();
    for (Path file : citing()) {
      BY_NUMBER
          .matcher(Files.readString(file, StandardCharsets.UTF_8))
          .results()
          .forEach(found -> byNumber.add(file + ": " + found.group()));
    }
    assertThat(byNumber).isEmpty();
  }

  @Test
  void whenTheDocumentHasAPath_theSpecificationHasIt() throws IOException {
    String protocol = Files.readString(SPEC.resolve("protocol.md"));
    List<String> missing = new ArrayList<>();
    JsonNode paths = document().path("paths");
    paths
        .properties()
        .forEach(
            path ->
                path.getValue()
                    .fieldNames()
                    .forEachRemaining(
                        method -> {
                          String call = method.toUpperCase(Locale.ROOT) + " " + path.getKey();
                          if (!method.equals("parameters") && !protocol.contains("`" + call)) {
                            missing.add(call);
                          }
                        }));
    assertThat(missing).isEmpty();
  }

  @Test
  void whenTheDocumentHasAPolicyMember_theSpecificationHasIt() throws IOException {
    Set<String> known = codesOf("## Policy");
    List<String> missing = new ArrayList<>();
    document()
        .at("/components/schemas/Policy/properties")
        .fieldNames()
        .forEachRemaining(
            member -> {
              if (!known.contains(member)) {
                missing.add(member);
              }
            });
    assertThat(missing).isEmpty();
  }

  @Test
  void whenTheDocumentHasAProblemCode_theSpecificationHasIt() throws IOException {
    Set<String> known = codesOf("## Problems");
    List<String> missing = new ArrayList<>();
    for (JsonNode codes : document().findValues("code")) {
      for (JsonNode code : codes.path("enum")) {
        if (!code.isNull() && !known.contains(code.asText())) {
          missing.add(code.asText());
        }
      }
    }
    assertThat(missing).isEmpty();
  }

  /// The names in code of a section, up to the next one of its level.
  private static Set<String> codesOf(String heading) throws IOException {
    String protocol = Files.readString(SPEC.resolve("protocol.md"));
    int start = protocol.indexOf(heading + "\n");
    int end = protocol.indexOf("\n## ", start + 1);
    Set<String> codes = new TreeSet<>();
    CODE.matcher(protocol.substring(start, end < 0 ? protocol.length() : end))
        .results()
        .forEach(code -> codes.add(code.group(1)));
    return codes;
  }
}
