package io.budgetauthority.build;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// Code and documents use the words of `docs/glossary.md`. Words that were replaced do not come
/// back.
class VocabularyTest {

  private static final Pattern RETIRED =
      Pattern.compile(
          "\\b(MOST_[A-Z]|PATIENCE|IN_FORCE_WITHIN|BELIEVED_FOR|isMeantBy|mayBecomeOne|AfterTheFact"
              + "|Standby|Publications)|\\b(is|was|were|are) away\\b|\\bon a desk\\b|\\ba desk\\b"
              + "|\\b[Pp]lay(s|ed|ing)?\\b");

  private static final List<String> ROOTS =
      List.of(
          "README.md",
          "CONTRIBUTING.md",
          "CHANGELOG.md",
          "sam-template.yaml",
          ".ci",
          "src",
          "docs",
          "bench",
          "clients",
          "conformance",
          "demo",
          "infra",
          "localstack",
          "packaging");

  /// Scripts have no suffix.
  private static final Pattern FILES =
      Pattern.compile("(?:.*/)?[^/.]+(?:\\.(?:java|md|yaml|properties|py|sh|toml|ts|css))?");

  /// What a tool installs, makes or locks.
  private static final Pattern OTHERS =
      Pattern.compile(".*(/\\.|/build/|/target/|__pycache__|\\.prices$).*");

  private static final int MAX_TEST_NAME = 60;
  private static final Pattern TEST =
      Pattern.compile("@(?:Test|ParameterizedTest|RepeatedTest)\\b[^{;]*?\\bvoid (\\w+)\\(");
  private static final Pattern TEST_NAME = Pattern.compile("when[A-Z]\\w*_[a-z]\\w*");

  @Test
  void whenAWordIsRetired_noFileUsesIt() throws IOException {
    List<String> found = new ArrayList<>();
    for (Path file : files()) {
      List<String> lines = Files.readAllLines(file);
      for (int i = 0; i < lines.size(); i++) {
        if (RETIRED.matcher(lines.get(i)).find()) {
          found.add(file + ":" + (i + 1) + ": " + lines.get(i).strip());
        }
      }
    }
    assertThat(found).isEmpty();
  }

  @Test
  void whenATestIsNamed_itSaysWhenAndWhat() throws IOException {
    List<String> wrong = new ArrayList<>();
    int tests = 0;
    for (Path file : files()) {
      if (!file.startsWith("src/test")) {
        continue;
      }
      var names = TEST.matcher(Files.readString(file));
      while (names.find()) {
        tests++;
        String name = names.group(1);
        if (name.length() >= MAX_TEST_NAME || !TEST_NAME.matcher(name).matches()) {
          wrong.add(file + ": " + name);
        }
      }
    }
    assertThat(wrong).isEmpty();
    assertThat(tests).as(tests + " tests were found").isGreaterThan(600);
  }

  private static List<Path> files() throws IOException {
    List<Path> files = new ArrayList<>();
    for (String root : ROOTS) {
      try (Stream<Path> walk = Files.walk(Path.of(root))) {
        walk.filter(Files::isRegularFile)
            .filter(file -> FILES.matcher(file.toString()).matches())
            .filter(file -> !OTHERS.matcher(file.toString()).matches())
            .filter(file -> !file.endsWith("VocabularyTest.java"))
            .forEach(files::add);
      }
    }
    return files;
  }
}
