package io.budgetauthority.build;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/// What AWS does with the templates and nothing in the local build does.
class TemplatesTest {

  /// A parameter in a property's value.
  private static final Pattern REFERENCE = Pattern.compile("!Ref ([A-Z][A-Za-z]+)\\b(?!\\.)");

  private static final Pattern INDEX = Pattern.compile("IndexName: ([a-z-]+)");
  private static final Pattern WATCHED_INDEX =
      Pattern.compile("Name: GlobalSecondaryIndexName, Value: ([a-z-]+)");
  private static final Pattern IN_TEXT = Pattern.compile("\\$\\{([A-Za-z]+)}");

  /// Of the functions' configuration, what is no matter of the alias: a name, which makes another
  /// function, and the bus, to which the API function sends nothing.
  private static final Set<String> OF_NO_VERSION =
      Set.of(
          "Prefix",
          "EventBus",
          "ApiLog",
          "ApiReservedConcurrency",
          "ApiProvisionedConcurrency",
          "Deployment",
          "LiveFailing");

  private static String part(String text, String from, String to) {
    int start = text.indexOf(from);
    assertThat(start).as(from).isGreaterThanOrEqualTo(0);
    return text.substring(start, text.indexOf(to, start));
  }

  private static Set<String> found(Pattern pattern, String text) {
    Set<String> found = new TreeSet<>();
    pattern.matcher(text).results().map((MatchResult it) -> it.group(1)).forEach(found::add);
    return found;
  }

  /// SAM makes another version when the zip changes, not when a parameter's value does: the alias
  /// would keep the memory, the JVM and the snapshots of before, and the deployment succeed. A
  /// version whose description changes is replaced.
  @Test
  void whenAParameterChangesTheApiFunction_itsVersionChanges() throws IOException {
    String template = Files.readString(Path.of("sam-template.yaml"));
    String function = part(template, "\n  ApiFunction:", "\n  ApiLog:");
    Set<String> parameters =
        found(REFERENCE, part(template, "\nGlobals:", "\nResources:") + function);
    parameters.addAll(Set.of("Build", "Console", "SnapStart"));
    parameters.removeAll(OF_NO_VERSION);
    assertThat(found(IN_TEXT, part(function, "VersionDescription: !Sub", "\n")))
        .as("VersionDescription names what it was made of")
        .isEqualTo(parameters);
  }

  @Test
  void whenAnOwnKeyIsGiven_itEncryptsTablesQueuesAndBuckets() throws IOException {
    for (String file : List.of("tables", "queues", "storage")) {
      String template = Files.readString(Path.of("infra", file + ".yaml"));
      long stored =
          Pattern.compile("Type: AWS::(DynamoDB::Table|SQS::Queue|S3::Bucket)\n")
              .matcher(template)
              .results()
              .count();
      assertThat(stored == 0).as(file).isFalse();
      assertThat(
              Pattern.compile("K(?i:MS)MasterKey(?i:ID): (!If \\[OwnKey, )?!Ref KmsKeyArn")
                  .matcher(template)
                  .results()
                  .count())
          .as(file)
          .isEqualTo(stored);
    }
  }

  /// CloudWatch counts an index's throttles apart from its table's.
  @Test
  void whenATableHasAnIndex_theIndexIsWatched() throws IOException {
    String tables = Files.readString(Path.of("infra", "tables.yaml"));
    Set<String> indexes = found(INDEX, part(tables, "\n  LedgerTable:", "\nOutputs:"));
    assertThat(indexes).isNotEmpty();
    assertThat(found(WATCHED_INDEX, Files.readString(Path.of("infra", "watch.yaml"))))
        .isEqualTo(indexes);
  }
}
