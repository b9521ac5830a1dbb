package io.budgetauthority.build;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The `sh` blocks of a page, which a reader pastes into one shell, and the lines that it promises
/// behind `# =>`.
public final class Transcript {

  private static final Pattern BLOCK = Pattern.compile("```sh\\n(.*?)```", Pattern.DOTALL);
  private static final String LOCAL_BUILD = "http://127.0.0.1:8080";
  private static final String PROMISE = "# => ";

  private Transcript() {}

  /// Runs a page against a service and returns what was printed. Fails where the shell does, and
  /// where a promise is not kept, each behind the one before it.
  public static String run(Path page, URI base) throws IOException, InterruptedException {
    Matcher block = BLOCK.matcher(Files.readString(page));
    List<String> promised = new ArrayList<>();
    StringBuilder script = new StringBuilder();
    while (block.find()) {
      for (String line : block.group(1).lines().toList()) {
        script.append(line.replace(LOCAL_BUILD, base.toString().replaceAll("/$", ""))).append('\n');
        if (line.startsWith(PROMISE)) {
          promised.add(line.substring(PROMISE.length()));
        }
      }
    }
    assertThat(promised).as(page + " promises nothing").isNotEmpty();

    Process shell = new ProcessBuilder("bash", "-s").redirectErrorStream(true).start();
    shell.getOutputStream().write(script.toString().getBytes(StandardCharsets.UTF_8));
    shell.getOutputStream().close();
    String output = new String(shell.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

    assertThat(shell.waitFor()).as(output).isEqualTo(0);
    int from = 0;
    for (String promise : promised) {
      int found = output.indexOf(promise, from);
      assertThat(found < 0).as("not, or not in this order: " + promise + "\n" + output).isFalse();
      from = found + promise.length();
    }
    return output;
  }
}
