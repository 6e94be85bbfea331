"""Generated questions with right and wrong answers, whose truth is known without the grader."""
