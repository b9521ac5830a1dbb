package io.budgetauthority.build;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// The classes that the documents for developers name exist.
class NamedClassesTest {

  private static final List<String> DOCUMENTS =
      List.of(
          "CONTRIBUTING.md",
          "docs/spec/ledger.md",
          "docs/internals/architecture.md",
          "docs/internals/testing.md");

  /// Packages and a class, such as `ledger/account/Account` or `ledger.account.Account`.
  private static final Pattern NAMED =
      Pattern.compile("(?<![\\w/.])((?:[a-z]+[/.])+)([A-Z]\\w*[a-z]\\w*)");

  @Test
  void whenADocumentNamesAClass_theClassExists() throws IOException {
    TreeSet<String> missing = new TreeSet<>();
    int named = 0;
    for (String document : DOCUMENTS) {
      for (MatchResult name :
          NAMED.matcher(Files.readString(Path.of(document))).results().toList()) {
        named++;
        if (!exists(name.group(1).replace('.', '/'), name.group(2))) {
          missing.add(document + ": " + name.group());
        }
      }
    }
    assertThat(named).as(named + " names").isGreaterThan(80);
    assertThat(missing).isEqualTo(new TreeSet<>());
  }

  private static boolean exists(String folder, String type) throws IOException {
    try (Stream<Path> sources = Files.list(Path.of("src"))) {
      return sources.anyMatch(
          source ->
              Files.exists(source.resolve("java/io/budgetauthority/" + folder + type + ".java")));
    }
  }
}
