package io.budgetauthority.build;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/// What the roles of the functions allow, by the template: items, objects and messages, and nothing
/// of the administration of what holds them. That it is enough, `localstack/test` shows.
class PermissionsTest {

  private static final Set<String> ALL_THAT_IS_EVER_ALLOWED =
      Set.of(
          "dynamodb:BatchGetItem",
          "dynamodb:BatchWriteItem",
          "dynamodb:ConditionCheckItem",
          "dynamodb:DeleteItem",
          "dynamodb:DescribeStream",
          "dynamodb:GetItem",
          "dynamodb:GetRecords",
          "dynamodb:GetShardIterator",
          "dynamodb:ListStreams",
          "dynamodb:PutItem",
          "dynamodb:Query",
          "dynamodb:UpdateItem",
          "events:PutEvents",
          "kms:Decrypt",
          "kms:GenerateDataKey",
          "logs:CreateLogStream",
          "logs:PutLogEvents",
          "s3:DeleteObject",
          "s3:GetObject",
          "s3:ListBucket",
          "s3:PutObject",
          "sqs:ChangeMessageVisibility",
          "sqs:DeleteMessage",
          "sqs:GetQueueAttributes",
          "sqs:ReceiveMessage",
          "sqs:SendMessage",
          "sts:AssumeRole",
          "xray:PutTelemetryRecords",
          "xray:PutTraceSegments");

  private static final Pattern ACTION =
      Pattern.compile("\"((?:dynamodb|events|kms|logs|s3|sqs|sts|xray|iam|lambda):[A-Za-z*]+)\"");
  private static final Pattern LEADING_KEYS = Pattern.compile("dynamodb:LeadingKeys");

  private static String template() throws IOException {
    return Files.readString(Path.of("sam-template.yaml"));
  }

  /// The part of a role's policies.
  private static String roleOf(String function) throws IOException {
    String template = template();
    int from = template.indexOf("\n  " + function + "Role:");
    int to = template.indexOf("\n  # ---", from);
    return template.substring(from, to < 0 ? template.indexOf("\nOutputs:") : to);
  }

  private static Set<String> actions(String text) {
    Set<String> actions = new TreeSet<>();
    Matcher matcher = ACTION.matcher(text);
    while (matcher.find()) {
      actions.add(matcher.group(1));
    }
    actions.remove("dynamodb:LeadingKeys");
    return actions;
  }

  @Test
  void whenAFunctionHasARole_onlyListedActionsAreAllowed() throws IOException {
    assertThat(actions(template())).isEqualTo(new TreeSet<>(ALL_THAT_IS_EVER_ALLOWED));
  }

  @Test
  void whenAFunctionIsNotForPrices_itMayNotWritePrices() throws IOException {
    for (String function : List.of("Usage", "Sweep", "Attribution", "Operator")) {
      assertThat(roleOf(function).replaceAll("\"s3:GetObject\"", ""))
          .as(function)
          .doesNotContain("/prices/*");
    }
    assertThat(roleOf("Prices"))
        .as("the prices function needs no table")
        .doesNotContain("dynamodb:");
    assertThat(roleOf("Attribution")).doesNotContain("DecisionsTableArn");
  }

  @Test
  void whenObjectsMayBeDeleted_theyAreNotPrices() throws IOException {
    Matcher deleting =
        Pattern.compile("\"s3:DeleteObject\"\\s+Resource: !Sub \\[\"\\$\\{Of}/([a-z]+)/")
            .matcher(template());
    assertThat(deleting.results().map(it -> it.group(1)).toList())
        .isEqualTo(List.of("tenants", "tenants"));
  }

  @Test
  void whenTheFunctionIsTheOperators_itReachesNoTenantData() throws IOException {
    assertThat(LEADING_KEYS.matcher(roleOf("Operator")).results().count()).isEqualTo(1);
    assertThat(actions(roleOf("Operator")))
        .isEqualTo(
            Set.of(
                "sts:AssumeRole",
                "dynamodb:DeleteItem",
                "dynamodb:GetItem",
                "dynamodb:PutItem",
                "dynamodb:UpdateItem"));
  }
}
