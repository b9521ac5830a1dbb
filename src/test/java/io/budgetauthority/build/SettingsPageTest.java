package io.budgetauthority.build;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/// The table of settings in `docs/how-to/operate.md` is made from the interfaces that read them:
/// `-Dsettings=write` writes it.
class SettingsPageTest {

  private static final Path PAGE = Path.of("docs/how-to/operate.md");
  private static final List<Path> SOURCES =
      List.of(
          Path.of("src/main/java/io/budgetauthority/BudgetConfig.java"),
          Path.of("src/console/java/io/budgetauthority/console/ConsoleConfig.java"),
          Path.of("src/events/java/io/budgetauthority/events/EventsConfig.java"));

  private static final String START = "<!-- settings -->\n";
  private static final String END = "<!-- end of settings -->\n";

  /// The comment, the default where there is one, and the name of each method.
  private static final Pattern SETTING =
      Pattern.compile(
          "((?:  /// [^\\n]*\\n)+)(?:  @WithDefault\\(\"([^\"]*)\"\\)\\n)?  [\\w<>]+ (\\w+)\\(\\);");

  @Test
  void whenTheCodeReadsSettings_thePageListsThem() throws IOException {
    String page = Files.readString(PAGE);
    String table = table();
    int start = page.indexOf(START) + START.length();
    int end = page.indexOf(END);
    if ("write".equals(System.getProperty("settings"))) {
      Files.writeString(PAGE, page.substring(0, start) + table + page.substring(end));
      return;
    }
    assertThat(page.substring(start, end)).isEqualTo(table);
  }

  private static String table() throws IOException {
    List<String> rows = new ArrayList<>();
    for (Path source : SOURCES) {
      String code = Files.readString(source);
      Matcher settings = SETTING.matcher(code.substring(code.indexOf("@ConfigMapping")));
      while (settings.find()) {
        rows.add(
            "| `BUDGET_%s` | %s | %s |\n"
                .formatted(
                    settings.group(3).replaceAll("([A-Z])", "_$1").toUpperCase(Locale.ROOT),
                    settings.group(2) == null ? "none" : '`' + settings.group(2) + '`',
                    settings.group(1).replaceAll("\\s*///\\s*", " ").strip()));
      }
    }
    return "\n| variable | default | names |\n| --- | --- | --- |\n" + String.join("", rows) + "\n";
  }
}
