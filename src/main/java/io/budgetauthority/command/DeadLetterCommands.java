package io.budgetauthority.command;

import io.budgetauthority.settlement.DeadLetters;
import java.io.PrintWriter;
import java.time.Instant;
import java.util.function.Function;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import software.amazon.awssdk.http.apache.ApacheHttpClient;
import software.amazon.awssdk.services.sqs.SqsClient;

/// Shows the dead letters of the usage queue, and sends them again (docs/how-to/usage-queue.md).
@Command(
    name = "dead-letters",
    description = "Shows the dead letters of the usage queue, or sends them again.",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "COMMAND")
final class DeadLetterCommands {

  /// The usage queue and its dead-letter queue.
  static final class Queues {

    @Option(
        names = "--queue-url",
        required = true,
        defaultValue = "${env:BUDGET_USAGE_QUEUE_URL}",
        description = "the usage queue; BUDGET_USAGE_QUEUE_URL unless stated")
    private String queueUrl = "";

    @Option(
        names = "--dead-queue-url",
        required = true,
        defaultValue = "${env:BUDGET_USAGE_DEAD_QUEUE_URL}",
        description = "its dead-letter queue; BUDGET_USAGE_DEAD_QUEUE_URL unless stated")
    private String deadQueueUrl = "";

    private DeadLetters.Found with(Function<DeadLetters, DeadLetters.Found> action) {
      try (SqsClient sqs =
          SqsClient.builder().httpClientBuilder(ApacheHttpClient.builder()).build()) {
        return action.apply(new DeadLetters(sqs, queueUrl, deadQueueUrl));
      }
    }
  }

  private static final int MOST = 10_000;

  @Spec private CommandSpec spec;

  @Command(
      name = "list",
      description = "Shows every dead letter with its reason, and leaves it there.",
      mixinStandardHelpOptions = true)
  int list(@Mixin Queues queues) {
    PrintWriter out = spec.commandLine().getOut();
    DeadLetters.Found found = queues.with(letters -> letters.read(MOST));
    found.letters().forEach(letter -> print(letter, out));
    out.println(found.letters().size() + " dead letters" + others(found));
    return 0;
  }

  @Command(
      name = "redrive",
      description = "Puts dead letters on the usage queue again.",
      mixinStandardHelpOptions = true)
  int redrive(
      @Mixin Queues queues,
      @Parameters(paramLabel = "MESSAGE_ID", description = "one letter's id, or all")
          String which) {
    DeadLetters.Found found =
        queues.with(
            letters ->
                letters.redrive(
                    MOST, letter -> which.equals("all") || letter.messageId().equals(which)));
    spec.commandLine().getOut().println(found.letters().size() + " sent again" + others(found));
    return 0;
  }

  private static String others(DeadLetters.Found found) {
    return found.complete()
        ? ""
        : "; the queue may have others, because another reader holds some or there are more than "
            + MOST
            + ": run this again";
  }

  private static void print(DeadLetters.Letter letter, PrintWriter out) {
    out.printf(
        "%s %s: %s%n    %s%n",
        Instant.ofEpochMilli(letter.sentAt()), letter.messageId(), letter.reason(), letter.body());
  }
}
