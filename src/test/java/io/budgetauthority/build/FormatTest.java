package io.budgetauthority.build;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.googlejavaformat.java.Formatter;
import com.google.googlejavaformat.java.FormatterException;
import com.google.googlejavaformat.java.ImportOrderer;
import com.google.googlejavaformat.java.JavaFormatterOptions;
import com.google.googlejavaformat.java.RemoveUnusedImports;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// Holds the sources to google-java-format. `./mvnw test -Dtest=FormatTest -Dformat=write` formats
/// what is not.
class FormatTest {

  @Test
  void whenASourceFileExists_itIsFormatted() throws IOException, FormatterException {
    boolean write = "write".equals(System.getProperty("format"));
    List<Path> unformatted = new ArrayList<>();
    Formatter formatter = new Formatter();
    for (Path root : List.of(Path.of("src"), Path.of("bench"), Path.of("packaging"))) {
      if (!Files.isDirectory(root)) {
        continue;
      }
      try (Stream<Path> files = Files.walk(root)) {
        for (Path file : files.filter(path -> path.toString().endsWith(".java")).toList()) {
          String source = Files.readString(file);
          String formatted =
              formatter.formatSource(
                  ImportOrderer.reorderImports(
                      RemoveUnusedImports.removeUnusedImports(source),
                      JavaFormatterOptions.Style.GOOGLE));
          if (!formatted.equals(source)) {
            unformatted.add(file);
            if (write) {
              Files.writeString(file, formatted);
            }
          }
        }
      }
    }
    if (!write) {
      assertThat(unformatted).isEmpty();
    }
  }
}
