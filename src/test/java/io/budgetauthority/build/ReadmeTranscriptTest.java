package io.budgetauthority.build;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.budgetauthority.local.LocalCloudResource;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/// Pastes the README's transcript into a shell, as a reader would.
@QuarkusTest
@QuarkusTestResource(LocalCloudResource.class)
class ReadmeTranscriptTest {

  private static final Pattern BLOCK = Pattern.compile("```sh\\n(.*?)```", Pattern.DOTALL);
  private static final String PROMISE = "# => ";

  @TestHTTPResource URI base = URI.create("http://unset");

  @Test
  void theTranscriptAnswersWhatItPromises() throws IOException, InterruptedException {
    Matcher block = BLOCK.matcher(Files.readString(Path.of("README.md")));
    List<String> promised = new ArrayList<>();
    StringBuilder script = new StringBuilder();
    while (block.find()) {
      for (String line : block.group(1).lines().toList()) {
        script
            .append(line.replace("http://127.0.0.1:8080", base.toString().replaceAll("/$", "")))
            .append('\n');
        if (line.startsWith(PROMISE)) {
          promised.add(line.substring(PROMISE.length()));
        }
      }
    }
    assertFalse(promised.isEmpty());

    Process shell = new ProcessBuilder("bash", "-s").redirectErrorStream(true).start();
    shell.getOutputStream().write(script.toString().getBytes(StandardCharsets.UTF_8));
    shell.getOutputStream().close();
    String output = new String(shell.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

    assertEquals(0, shell.waitFor(), output);
    int from = 0;
    for (String promise : promised) {
      int found = output.indexOf(promise, from);
      assertFalse(found < 0, "not, or not in this order: " + promise + "\n" + output);
      from = found;
    }
  }
}
