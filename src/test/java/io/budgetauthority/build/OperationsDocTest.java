package io.budgetauthority.build;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/// docs/how-to/operate.md knows everything that wakes somebody, and everything that is configured.
class OperationsDocTest {

  private static final Pattern ALARM =
      Pattern.compile("AlarmName: !Sub \"\\$\\{Prefix}-([a-z0-9-]+)\"");
  private static final Pattern VARIABLE = Pattern.compile("(BUDGET_[A-Z_]+|QUARKUS_[A-Z_]+):");

  private static final Pattern SAM = Pattern.compile("(?m)^(sam [a-z].*)$");

  /// Of a metric's dimension, which nobody sets by hand.
  private static final List<String> NOT_SET_BY_HAND = List.of("BUDGET_METRICS_DEPLOYMENT");

  private static List<String> found(Pattern pattern, String file) throws IOException {
    return pattern
        .matcher(Files.readString(Path.of(file)))
        .results()
        .map((MatchResult match) -> match.group(1))
        .distinct()
        .toList();
  }

  @Test
  void whenAnAlarmIsDefined_theDocumentNamesIt() throws IOException {
    String document = Files.readString(Path.of("docs/how-to/operate.md"));
    List<String> alarms = found(ALARM, "infra/watch.yaml");
    assertThat(alarms).isNotEmpty();
    assertThat(alarms.stream().filter(it -> !document.contains("`" + it + "`")).toList()).isEmpty();
  }

  @Test
  void whenAFunctionHasAVariable_theDocumentListsIt() throws IOException {
    String document = Files.readString(Path.of("docs/how-to/operate.md"));
    List<String> variables = found(VARIABLE, "sam-template.yaml");
    assertThat(variables).isNotEmpty();
    assertThat(
            variables.stream()
                .filter(it -> !NOT_SET_BY_HAND.contains(it))
                .filter(it -> !document.contains("`" + it + "`"))
                .toList())
        .isEmpty();
  }

  /// The SAM CLI looks for a `template.yaml`, which there is none of.
  @Test
  void whenASamCommandIsShown_itNamesTheTemplate() throws IOException {
    List<String> commands = found(SAM, "docs/how-to/operate.md");
    assertThat(commands).isNotEmpty();
    assertThat(
            commands.stream().filter(it -> !it.contains("--template sam-template.yaml")).toList())
        .isEmpty();
  }
}
